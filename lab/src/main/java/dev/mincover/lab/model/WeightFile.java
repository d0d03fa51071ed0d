package dev.mincover.lab.model;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.TensorMemory;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The weights of a model as a safetensors file. The metadata say what kind of model it is, and its
 * size. The type of the weights is that of the tensors.
 */
public final class WeightFile {

  private static final String MODEL = "mincover.model";

  private static final String REMEDY = "give a run that 'mincover train' made";

  private WeightFile() {}

  /** Makes a model of a size, with any weights. */
  @FunctionalInterface
  public interface Constructor<M> {

    /**
     * Makes the model.
     *
     * @param type of the weights in the file, to be asked for once the size is known
     * @throws IllegalArgumentException naming what the metadata lack
     */
    M of(Map<String, String> metadata, Supplier<WeightType> type);
  }

  /**
   * Writes all weights. An older file is replaced at once when the new one is complete.
   *
   * @param kind of model
   * @param size whatever makes a model of the same size
   * @throws UserError if the file cannot be written
   */
  public static void write(
      Path file, String kind, Model model, WeightType type, Map<String, String> size) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(MODEL, kind);
    metadata.putAll(size);
    TensorFile.write(file, weights(model, type.file()), metadata);
  }

  /**
   * Reads a model back.
   *
   * @param kind of model
   * @param known a weight that every model of the kind has
   * @throws UserError if the file is missing, damaged, or holds no such model
   */
  public static <M extends Model> M read(
      Path file, String kind, String known, Constructor<M> constructor) {
    try (SafetensorsFile content = TensorFile.open(file)) {
      String found = content.metadata().get(MODEL);
      if (!kind.equals(found)) {
        throw new UserError(
            "%s holds no %s of Mincover's%s; %s"
                .formatted(
                    file,
                    kind.equals("gpt") ? "model" : kind,
                    found == null ? "" : ", but a model called '%s'".formatted(found),
                    REMEDY));
      }
      M model;
      try {
        model = constructor.of(content.metadata(), () -> type(content, known));
      } catch (IllegalArgumentException e) {
        throw new UserError(
            "%s does not tell the model's size: %s; %s".formatted(file, e.getMessage(), REMEDY));
      }
      try {
        fill(model, type(content, known), content);
        return model;
      } catch (RuntimeException | Error failure) {
        model.close();
        throw failure;
      }
    }
  }

  /**
   * Refuses to allocate far more than a file holds.
   *
   * @param count of weights that the metadata tell of
   * @throws UserError if it holds fewer than half of them
   */
  public static void requirePlausible(Path file, long count) {
    long weights =
        TensorFile.header(file).tensors().stream().mapToLong(tensor -> tensor.shape().size()).sum();
    if (count / 2 > weights) {
      throw new UserError(
          "%s holds %,d weights, and its metadata tell of a model of %,d; %s"
              .formatted(file, weights, count, REMEDY));
    }
  }

  /**
   * Returns a whole number of the metadata.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static int number(Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw new IllegalArgumentException("its metadata have no " + key);
    }
    return Integer.parseInt(value);
  }

  private static void fill(Model model, WeightType type, SafetensorsFile content) {
    try {
      content.copyTo(weights(model, type.file()));
    } catch (IllegalArgumentException e) {
      throw new UserError("%s; %s".formatted(e.getMessage(), REMEDY));
    } catch (IOException e) {
      throw new UserError("cannot read " + content.path(), e);
    }
  }

  /** The weights over their own memory, which is valid as long as the model. */
  private static List<NamedTensor> weights(Model model, StoredType type) {
    return model.parameters().entrySet().stream()
        .map(weight ->
            new NamedTensor(
                weight.getKey(),
                type,
                Shape.of(weight.getValue().shape()),
                TensorMemory.of(weight.getValue())))
        .toList();
  }

  private static WeightType type(SafetensorsFile content, String known) {
    StoredTensor tensor =
        content
            .find(known)
            .orElseThrow(() ->
                new UserError("%s lacks tensor '%s'; %s".formatted(content.path(), known, REMEDY)));
    for (WeightType type : WeightType.values()) {
      if (type.file() == tensor.type()) {
        return type;
      }
    }
    throw new UserError(
        "%s: tensor '%s' is %s; weights must be F32, BF16 or F16"
            .formatted(content.path(), known, tensor.type()));
  }
}
