package dev.mincover.lab.replay;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON file of recorded sequences, the input of {@code mincover replay}: an array of
 *
 * <pre>
 * {"name": "...", "shape": [2, 3],
 *  "config": {"learningRate": 0.1, "momentum": 0, "momentumKind": "average", "beta2": 1,
 *             "epsilon": 0, "algorithm": "SM3-II", "cover": "slices", "weightDecay": 0},
 *  "param0": [...], "grads": [[...], {"indices": [0], "values": [...]}],
 *  "steps": [{"param": [...]}, {"param": [...]}]}
 * </pre>
 *
 * <p>All of {@code config} but the learning rate may be left out. Tensors are flat or nested arrays
 * in row-major order; steps without a {@code param} are not compared. Other keys are ignored,
 * except in {@code config}.
 */
public final class RecordingFile {

  // Python's json module writes NaN and Infinity as bare words. A key given twice is a slip of the
  // pen, of which a lenient reader would keep the last.
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private RecordingFile() {}

  /**
   * Reads a file and checks all of it.
   *
   * @return its sequences in their order, at least one
   * @throws UserError if it cannot be read, is not JSON, or a sequence in it is not usable
   */
  public static List<Recording> read(Path file) {
    try (InputStream in = Files.newInputStream(file);
        JsonParser parser = JSON.createParser(in)) {
      List<Recording> recordings = recordings(file, parser);
      if (recordings.isEmpty()) {
        throw new UserError(file + ": the array is empty; record at least one sequence");
      }
      return recordings;
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    } catch (JacksonIOException e) {
      throw new UserError("cannot read " + file, requireNonNull(e.getCause()));
    } catch (JacksonException e) {
      throw notJson(file, e);
    }
  }

  /** Sequence by sequence, so that only one at a time is held as a tree. */
  private static List<Recording> recordings(Path file, JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_ARRAY) {
      throw new UserError(file + ": not a JSON array of sequences; put them between [ and ]");
    }
    List<Recording> recordings = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      JsonNode node = parser.readValueAsTree();
      recordings.add(sequence(file, recordings.size() + 1, node));
    }
    if (parser.nextToken() != null) {
      throw new UserError(
          file + ": more follows the array of sequences; put them all into one array");
    }
    return recordings;
  }

  private static Recording sequence(Path file, int number, JsonNode node) {
    Field unnamed = new Field(file + ": sequence " + number, "", node);
    if (!node.isObject()) {
      throw unnamed.error("a sequence is an object with name, shape, config, param0, grads, steps");
    }
    String name = unnamed.get("name").text();
    if (name.isBlank() || name.codePoints().anyMatch(Character::isISOControl)) {
      throw unnamed.get("name").error("give it a name of one line");
    }
    Field sequence = new Field("%s: sequence '%s'".formatted(file, name), "", node);
    return Recording.read(file.toString(), name, sequence);
  }

  private static UserError notJson(Path file, JacksonException e) {
    String why = String.valueOf(e.getOriginalMessage()).lines().findFirst().orElse("bad JSON");
    TokenStreamLocation at = e.getLocation();
    String where =
        at == null ? "" : " at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
    return new UserError("%s is not valid JSON%s: %s".formatted(file, where, why));
  }
}
