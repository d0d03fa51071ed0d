package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/** Records as JSON files, indented, with their fields in the order of the source. */
public final class JsonFile {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  private JsonFile() {}

  /** Returns any value that Jackson knows as JSON. */
  public static String text(Object value) {
    return JSON.writeValueAsString(value);
  }

  /**
   * Writes a value to a file. An older file is replaced at once when the new one is complete.
   *
   * @throws UserError if it cannot be written
   */
  public static void write(Object value, Path file) {
    byte[] bytes = (text(value) + "\n").getBytes(UTF_8);
    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(bytes)));
  }

  /**
   * Reads a record from a file that {@link #write} has written. It must have every field.
   *
   * @param what such as {@code the summary of a run}
   * @param optional fields that are null if the file lacks them
   * @throws UserError if the file cannot be read, or is something else
   */
  public static <T> T read(Path file, Class<T> type, String what, List<String> optional) {
    try {
      if (!(JSON.readTree(Files.readAllBytes(file)) instanceof ObjectNode object)) {
        throw isNot(file, what, "it is no JSON object");
      }
      optional.forEach(name -> object.putIfAbsent(name, NullNode.getInstance()));
      return JSON.treeToValue(object, type);
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    } catch (JacksonException e) {
      throw isNot(file, what, e.getOriginalMessage());
    }
  }

  private static UserError isNot(Path file, String what, String why) {
    return new UserError("%s is not %s: %s".formatted(file, what, why));
  }
}
