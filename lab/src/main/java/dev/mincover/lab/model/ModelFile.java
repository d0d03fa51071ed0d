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
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

  /** A weight that every model has. */
  private static final String FIRST = "wte.weight";

  private static final String REMEDY = "give a run that 'mincover train' made";

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
    TensorFile.write(file, weights(model), metadata);
  }

  /**
   * Reads a model back.
   *
   * @throws UserError if the file is missing, damaged, or not a model that {@link #save} wrote
   */
  public static Gpt load(Path file) {
    try (SafetensorsFile content = TensorFile.open(file)) {
      GptConfig config = config(file, content.metadata());
      WeightType type = type(content);
      requirePlausible(config, content);
      Gpt model = new Gpt(config, 0, type, false);
      try {
        fill(model, content);
        return model;
      } catch (RuntimeException | Error failure) {
        model.close();
        throw failure;
      }
    }
  }

  /** What the metadata say is not allocated if it is far more than the file holds. */
  private static void requirePlausible(GptConfig config, SafetensorsFile content) {
    long weights = content.tensors().stream().mapToLong(tensor -> tensor.shape().size()).sum();
    if (config.parameterCount() / 2 > weights) {
      throw new UserError(
          "%s holds %,d weights, and its metadata tell of a model of %,d; %s"
              .formatted(content.path(), weights, config.parameterCount(), REMEDY));
    }
  }

  private static void fill(Gpt model, SafetensorsFile content) {
    try {
      content.copyTo(weights(model));
    } catch (IllegalArgumentException e) {
      throw new UserError("%s; %s".formatted(e.getMessage(), REMEDY));
    } catch (IOException e) {
      throw new UserError("cannot read " + content.path(), e);
    }
  }

  /** The weights over their own memory, which is valid as long as the model. */
  private static List<NamedTensor> weights(Gpt model) {
    StoredType type = model.type().file();
    return model.parameters().entrySet().stream()
        .map(weight ->
            new NamedTensor(
                weight.getKey(),
                type,
                Shape.of(weight.getValue().shape()),
                TensorMemory.of(weight.getValue())))
        .toList();
  }

  /**
   * What a text without a prompt starts after: something that the model has seen.
   *
   * @throws UserError if the file is missing or damaged
   */
  public static byte[] start(Path file) {
    String digits = TensorFile.header(file).metadata().getOrDefault(START, USUAL_START);
    if (!digits.matches("([0-9a-f]{2})+")) {
      throw new UserError(
          "%s: its metadata have '%s' for %s; give a --prompt".formatted(file, digits, START));
    }
    return HEX.parseHex(digits);
  }

  private static GptConfig config(Path file, Map<String, String> metadata) {
    if (!"gpt".equals(metadata.get(MODEL))) {
      throw new UserError("%s holds no model of Mincover's; %s".formatted(file, REMEDY));
    }
    try {
      return new GptConfig(
          number(metadata, "layers"),
          number(metadata, "width"),
          number(metadata, "heads"),
          number(metadata, "context"),
          tied(metadata));
    } catch (IllegalArgumentException e) {
      throw new UserError(
          "%s does not tell the model's size: %s; %s".formatted(file, e.getMessage(), REMEDY));
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
    StoredTensor first =
        content
            .find(FIRST)
            .orElseThrow(() ->
                new UserError("%s lacks tensor '%s'; %s".formatted(content.path(), FIRST, REMEDY)));
    for (WeightType type : WeightType.values()) {
      if (type.file() == first.type()) {
        return type;
      }
    }
    throw new UserError(
        "%s: tensor '%s' is %s; weights must be F32, BF16 or F16"
            .formatted(content.path(), FIRST, first.type()));
  }
}
