package dev.mincover.lab.model;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.TensorMemory;
import dev.mincover.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes and reads a {@link Gpt} as a safetensors file. The metadata hold the size of the model.
 * The type of the weights is that of the tensors.
 */
public final class ModelFile {

  private static final String MODEL = "mincover.model";

  /** What a text without a prompt starts after, in hexadecimal digits. */
  private static final String START = "start";

  /** A line end, which files do not tell, nor those from before there was anything else. */
  private static final String USUAL_START = "0a";

  private static final HexFormat HEX = HexFormat.of();

  private ModelFile() {}

  /**
   * Writes all weights. An older file is replaced at once when the new one is complete.
   *
   * @param start what a text without a prompt starts after, at least a byte
   * @throws UserError if the file cannot be written
   */
  public static void save(Gpt model, byte[] start, Path file) {
    GptConfig config = model.config();
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(MODEL, "gpt");
    metadata.put("layers", Integer.toString(config.layers()));
    metadata.put("width", Integer.toString(config.width()));
    metadata.put("heads", Integer.toString(config.heads()));
    metadata.put("context", Integer.toString(config.context()));
    metadata.put("tied", Boolean.toString(config.tied()));
    String digits = HEX.formatHex(start);
    if (!digits.equals(USUAL_START)) {
      metadata.put(START, digits);
    }
    List<NamedTensor> tensors = new ArrayList<>();
    model
        .parameters()
        .forEach((name, tensor) ->
            tensors.add(
                new NamedTensor(
                    name, model.type().file(), Shape.of(tensor.shape()), TensorMemory.of(tensor))));
    TensorFile.write(file, tensors, metadata);
  }

  /**
   * Reads a model back.
   *
   * @throws UserError if the file is missing, damaged, or not a model that {@link #save} wrote
   */
  public static Gpt load(Path file) {
    try (SafetensorsFile content = TensorFile.open(file)) {
      Gpt model = new Gpt(config(file, content.metadata()), 0, type(content), false);
      try {
        model
            .parameters()
            .forEach((name, tensor) -> copy(content, name, tensor, model.type().file()));
        return model;
      } catch (RuntimeException | Error failure) {
        model.close();
        throw failure;
      }
    }
  }

  /**
   * What a text without a prompt starts after: something that the model has seen.
   *
   * @throws UserError if the file is missing or damaged
   */
  public static byte[] start(Path file) {
    try (SafetensorsFile content = TensorFile.open(file)) {
      String digits = content.metadata().getOrDefault(START, USUAL_START);
      if (!digits.matches("([0-9a-f]{2})+")) {
        throw new UserError(
            "%s: its metadata have '%s' for %s; give a --prompt".formatted(file, digits, START));
      }
      return HEX.parseHex(digits);
    }
  }

  private static GptConfig config(Path file, Map<String, String> metadata) {
    if (!"gpt".equals(metadata.get(MODEL))) {
      throw new UserError(
          "%s holds no model of Mincover's; give a run that 'mincover train' made".formatted(file));
    }
    try {
      return new GptConfig(
          number(metadata, "layers"),
          number(metadata, "width"),
          number(metadata, "heads"),
          number(metadata, "context"),
          tied(metadata));
    } catch (IllegalArgumentException e) {
      throw new UserError("%s does not tell the model's size: %s".formatted(file, e.getMessage()));
    }
  }

  private static int number(Map<String, String> metadata, String key) {
    String value = metadata.get(key);
    if (value == null) {
      throw new IllegalArgumentException("its metadata have no " + key);
    }
    return Integer.parseInt(value);
  }

  /** Returns whether the model is tied. Older files do not say, and their models are tied. */
  private static boolean tied(Map<String, String> metadata) {
    String value = metadata.getOrDefault("tied", "true");
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException("its metadata have '%s' for tied".formatted(value));
    }
    return Boolean.parseBoolean(value);
  }

  private static WeightType type(SafetensorsFile content) {
    StoredTensor first = TensorFile.require(content, "wte.weight");
    for (WeightType type : WeightType.values()) {
      if (type.file() == first.type()) {
        return type;
      }
    }
    throw new UserError(
        "%s: tensor %s is %s; weights must be F32, BF16 or F16"
            .formatted(content.path(), first.name(), first.type()));
  }

  private static void copy(SafetensorsFile content, String name, Tensor tensor, StoredType type) {
    StoredTensor source = TensorFile.require(content, name);
    Shape shape = Shape.of(tensor.shape());
    if (source.type() != type || !source.shape().equals(shape)) {
      throw new UserError(
          "%s: tensor %s is %s, expected %s %s"
              .formatted(content.path(), name, source.format(), type, shape));
    }
    TensorMemory.of(tensor).copyFrom(content.elements(source));
  }
}
