package dev.mincover.lab.model;

import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes and reads a {@link Gpt} as a safetensors file. */
public final class ModelFile {

  private static final String KIND = "gpt";

  /** What a text without a prompt starts after, in hexadecimal digits. */
  private static final String START = "start";

  /** A line end, which files do not tell, nor those from before there was anything else. */
  private static final String USUAL_START = "0a";

  /** A weight that every model has. */
  private static final String FIRST = "wte.weight";

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
    Map<String, String> size = new LinkedHashMap<>();
    size.put("layers", Integer.toString(config.layers()));
    size.put("width", Integer.toString(config.width()));
    size.put("heads", Integer.toString(config.heads()));
    size.put("context", Integer.toString(config.context()));
    size.put("tied", Boolean.toString(config.tied()));
    String digits = HEX.formatHex(start);
    if (!digits.equals(USUAL_START)) {
      size.put(START, digits);
    }
    WeightFile.write(file, KIND, model, model.type(), size);
  }

  /**
   * Reads a model back.
   *
   * @throws UserError if the file is missing, damaged, or not a model that {@link #save} wrote
   */
  public static Gpt load(Path file) {
    return WeightFile.read(
        file,
        KIND,
        FIRST,
        (metadata, type) -> {
          GptConfig config =
              new GptConfig(
                  WeightFile.number(metadata, "layers"),
                  WeightFile.number(metadata, "width"),
                  WeightFile.number(metadata, "heads"),
                  WeightFile.number(metadata, "context"),
                  tied(metadata));
          WeightType known = type.get();
          WeightFile.requirePlausible(file, config.parameterCount());
          return new Gpt(config, 0, known, false);
        });
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

  /** Returns whether the model is tied. Older files do not say, and their models are tied. */
  private static boolean tied(Map<String, String> metadata) {
    String value = metadata.getOrDefault("tied", "true");
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException("its metadata have '%s' for tied".formatted(value));
    }
    return Boolean.parseBoolean(value);
  }
}
