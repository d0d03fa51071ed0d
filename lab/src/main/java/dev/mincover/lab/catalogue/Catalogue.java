package dev.mincover.lab.catalogue;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** All models that are known by name. */
public final class Catalogue {

  /** The models, by family and size. */
  public static final List<KnownModel> ALL =
      Stream.of(GptSize.KNOWN, BertSize.KNOWN, TransformerSize.KNOWN)
          .<KnownModel>flatMap(List::stream)
          .toList();

  private Catalogue() {}

  /** Returns the model with a name; empty if it is not known. */
  public static Optional<KnownModel> find(String name) {
    return ALL.stream().filter(model -> model.name().equals(name)).findFirst();
  }

  /** Returns the names of all models. */
  public static List<String> names() {
    return ALL.stream().map(KnownModel::name).toList();
  }
}
