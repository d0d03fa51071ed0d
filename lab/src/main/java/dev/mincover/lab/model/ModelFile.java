package dev.mincover.lab.model;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.safetensors.Safetensors;
import dev.mincover.lab.safetensors.StoredType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
    List<Safetensors.Tensor> tensors = new ArrayList<>();
    model
        .parameters()
        .forEach((name, tensor) ->
            tensors.add(
                new Safetensors.Tensor(name, model.type().file(), tensor.shape(), memory(tensor))));
    new Safetensors(tensors, metadata).write(file);
  }

  /**
   * Reads a model back.
   *
   * @throws UserError if the file is missing, damaged, or not a model that {@link #save} wrote
   */
  public static Gpt load(Path file) {
    try (Arena arena = Arena.ofConfined()) {
      Safetensors content = Safetensors.read(file, arena);
      Gpt model = new Gpt(config(file, content.metadata()), 0, type(file, content), false);
      try {
        model
            .parameters()
            .forEach((name, tensor) -> copy(file, content, name, tensor, model.type().file()));
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
    try (Arena arena = Arena.ofConfined()) {
      String digits = Safetensors.read(file, arena).metadata().getOrDefault(START, USUAL_START);
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

  private static WeightType type(Path file, Safetensors content) {
    Safetensors.Tensor first = content.tensor("wte.weight");
    for (WeightType type : WeightType.values()) {
      if (type.file() == first.type()) {
        return type;
      }
    }
    throw new UserError(
        "%s: tensor %s is %s; weights must be F32, BF16 or F16"
            .formatted(file, first.name(), first.type()));
  }

  private static void copy(
      Path file, Safetensors content, String name, Tensor tensor, StoredType type) {
    Safetensors.Tensor source = content.tensor(name);
    if (source.type() != type || !Arrays.equals(source.shape(), tensor.shape())) {
      throw new UserError(
          "%s: tensor %s is %s %s, expected %s %s"
              .formatted(
                  file,
                  name,
                  source.type(),
                  Arrays.toString(source.shape()),
                  type,
                  Arrays.toString(tensor.shape())));
    }
    memory(tensor).copyFrom(source.data());
  }

  /** Returns the tensor's memory, which is valid as long as the model. */
  @SuppressWarnings("restricted")
  private static MemorySegment memory(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }
}
