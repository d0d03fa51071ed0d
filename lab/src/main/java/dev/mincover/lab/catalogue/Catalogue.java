package dev.mincover.lab.catalogue;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All models that are known by name. */
public final class Catalogue {

  /** By family and size. */
  public static final List<KnownModel> ALL =
      Stream.of(GptSize.KNOWN, BertSize.KNOWN, TransformerSize.KNOWN)
          .<KnownModel>flatMap(List::stream)
          .toList();

  private Catalogue() {}

  /** The model of a name, if it is known. */
  public static Optional<KnownModel> find(String name) {
    return ALL.stream().filter(model -> model.name().equals(name)).findFirst();
  }

  /** The names of all. */
  public static List<String> names() {
    return ALL.stream().map(KnownModel::name).toList();
  }
}
