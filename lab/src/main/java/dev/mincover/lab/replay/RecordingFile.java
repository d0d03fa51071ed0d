package dev.mincover.lab.replay;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.StringNode;

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
 * in row-major order; steps without a {@code param} are not compared. A nested array has exactly
 * the shape; in tensors, NaN, Infinity and -Infinity may be bare words or strings, and null is NaN.
 * Other keys are ignored, except in {@code config} and in gradients of rows, of which {@code
 * values_shape} may be noted.
 */
public final class RecordingFile {

  // Python's json module writes NaN and Infinity as bare words. A key given twice is a slip of the
  // pen, of which a lenient reader would keep the last.
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  /** The character or word at fault. */
  private static final Pattern UNEXPECTED =
      Pattern.compile(
          "^(?:Unexpected character \\(|(?:Unrecognized|Non-standard) token )'(.{1,40}?)'");

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
      List<Recording> recordings;
      try {
        recordings = recordings(file, parser);
      } catch (JacksonIOException e) {
        throw e;
      } catch (JacksonException e) {
        throw notJson(file, parser, e);
      }
      if (recordings.isEmpty()) {
        throw new UserError(file + ": the array is empty; record at least one sequence");
      }
      return recordings;
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    } catch (JacksonIOException e) {
      throw new UserError("cannot read " + file, requireNonNull(e.getCause()));
    }
  }

  /** Sequence by sequence, so that only one at a time is held as a tree. */
  private static List<Recording> recordings(Path file, JsonParser parser) {
    JsonToken first = parser.nextToken();
    if (first == null) {
      throw new UserError(file + " is empty; record at least one sequence");
    }
    if (first != JsonToken.START_ARRAY) {
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

  private static UserError notJson(Path file, JsonParser parser, JacksonException e) {
    TokenStreamLocation at = e.getLocation() == null ? parser.currentLocation() : e.getLocation();
    String where =
        at.getLineNr() < 1
            ? ""
            : " at line %d, column %d".formatted(at.getLineNr(), at.getColumnNr());
    return new UserError("%s is not valid JSON%s: %s".formatted(file, where, why(parser, e)));
  }

  /** The parser's messages name its classes and switches, which say nothing to a recorder. */
  private static String why(JsonParser parser, JacksonException e) {
    String message = String.valueOf(e.getOriginalMessage());
    if (e instanceof UnexpectedEndOfInputException) {
      return "the file ends too early; was all of it written?";
    }
    if (e instanceof StreamConstraintsException) {
      if (message.startsWith("Number")) {
        return "a number has more than %d digits; round it"
            .formatted(StreamReadConstraints.DEFAULT_MAX_NUM_LEN);
      }
      return message.contains("nesting")
          ? "more than %d arrays and objects are nested; tensors need one an axis"
              .formatted(StreamReadConstraints.DEFAULT_MAX_DEPTH)
          : "a string is too long; shorten it";
    }
    if (message.startsWith("Duplicate")) {
      String key = String.valueOf(parser.streamReadContext().currentName());
      return "the key %s is given twice; remove one".formatted(StringNode.valueOf(key));
    }
    Matcher unexpected = UNEXPECTED.matcher(message);
    return unexpected.find()
        ? "unexpected '%s'".formatted(unexpected.group(1))
        : "this is not how JSON writes a value";
  }
}
