package dev.mincover.lab.memory;

import dev.mincover.checkpoint.SafetensorsHeader;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.memory.ModelShapes.LeftOut;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A model by the headers of its safetensors files; the values are not read. */
public final class PublishedModel {

  /** Where each tensor is, if no index says so. */
  private final Map<String, Path> files = new HashMap<>();

  /** Tensors that are where the index says. */
  private int indexed;

  private final List<TensorShape> tensors = new ArrayList<>();
  private final List<LeftOut> leftOut = new ArrayList<>();
  private final Set<String> types = new TreeSet<>();
  private long weights;

  private PublishedModel() {}

  /**
   * The model of a file, of an index of shards, or of a folder.
   *
   * @throws UserError if there is none, one is not valid, or two have a tensor of the same name
   */
  public static ModelShapes read(Path path) {
    WeightFiles chosen = WeightFiles.of(path);
    PublishedModel model = new PublishedModel();
    chosen.files().forEach(file -> model.add(file, chosen.index()));
    if (model.indexed < chosen.index().size()) {
      throw missing(chosen);
    }
    if (model.weights == 0) {
      throw new UserError(
          "%s has no weights to train: no tensor of floating point".formatted(path));
    }
    String description =
        "%s in %s"
            .formatted(
                Names.listed(List.copyOf(model.types), "and"),
                chosen.files().size() == 1 ? "the file" : chosen.files().size() + " files");
    return new ModelShapes(
        path.toString(), description, model.tensors, model.leftOut, chosen.notes(), null);
  }

  private void add(Path file, Map<String, Path> index) {
    SafetensorsHeader header = TensorFile.header(file);
    for (StoredTensor tensor : header.tensors()) {
      if (index.isEmpty()) {
        requireFirst(tensor.name(), file);
      } else if (file.equals(index.get(tensor.name()))) {
        indexed++;
      } else {
        continue; // The index finds it elsewhere, or not at all.
      }
      add(tensor, header.metadata());
    }
  }

  private void requireFirst(String tensor, Path file) {
    Path other = files.put(tensor, file);
    if (other != null) {
      throw new UserError(
          "tensor %s is in %s and in %s; name one file"
              .formatted(tensor, other, file.getFileName()));
    }
  }

  /** A tensor of the index that its file lacks. */
  private static UserError missing(WeightFiles chosen) {
    Map<String, Path> left = new TreeMap<>(chosen.index());
    for (Path file : chosen.files()) {
      TensorFile.header(file).tensors().forEach(tensor -> left.remove(tensor.name(), file));
    }
    String tensor = left.keySet().iterator().next();
    return new UserError(
        "the index says that tensor %s is in %s, and it is not; fetch both again"
            .formatted(tensor, left.get(tensor)));
  }

  private void add(StoredTensor tensor, Map<String, String> metadata) {
    long size = tensor.shape().size();
    Optional<String> why =
        CheckpointState.reason(tensor, metadata).or(() -> ModelBuffers.reason(tensor));
    if (why.isPresent()) {
      leftOut.add(new LeftOut(tensor.name(), size, why.get()));
    } else if (size > 0) {
      types.add(tensor.type().name());
      tensors.add(new TensorShape(tensor.name(), tensor.shape(), weights));
      weights += size;
    }
  }
}
