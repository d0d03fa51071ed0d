package dev.mincover.lab.memory;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/**
 * The index of a model in shards: a JSON object whose {@code weight_map} names a file for each
 * tensor. There may be a million of them, so that it is read in one pass and without a tree.
 */
final class ShardIndex {

  private static final String MAP = "weight_map";

  /** Every name stands there once: a table of them would only grow. */
  private static final JsonFactory JSON =
      JsonFactory.builder().disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES).build();

  private final Path path;
  private final Map<String, Path> byTensor = new HashMap<>();
  private final Map<String, Path> byName = new HashMap<>();

  private ShardIndex(Path path) {
    this.path = path;
  }

  /**
   * The file of each tensor, beside the index.
   *
   * @return a map of the caller's
   * @throws UserError if it cannot be read, is no such index, names a file elsewhere, or a tensor
   *     twice
   */
  static Map<String, Path> read(Path index) {
    ShardIndex read = new ShardIndex(index);
    try (InputStream in = Files.newInputStream(index);
        JsonParser json = JSON.createParser(ObjectReadContext.empty(), in)) {
      read.read(json);
    } catch (IOException e) {
      throw new UserError("cannot read " + index, e);
    } catch (JacksonException e) {
      throw read.invalid(e.getOriginalMessage());
    }
    if (read.byTensor.isEmpty()) {
      throw read.invalid("it has no \"weight_map\" of tensors to files");
    }
    return read.byTensor;
  }

  private void read(JsonParser json) {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      return;
    }
    for (String field = json.nextName(); field != null; field = json.nextName()) {
      if (json.nextToken() == JsonToken.START_OBJECT && field.equals(MAP)) {
        readMap(json);
      } else {
        json.skipChildren();
      }
    }
    if (json.nextToken() != null) {
      throw invalid("it goes on after its end");
    }
  }

  private void readMap(JsonParser json) {
    for (String tensor = json.nextName(); tensor != null; tensor = json.nextName()) {
      boolean isText = json.nextToken() == JsonToken.VALUE_STRING;
      String name = json.getString();
      Path file = isText ? byName.get(name) : null;
      if (file == null) {
        file = beside(name, isText);
        byName.put(name, file);
      }
      if (byTensor.put(tensor, file) != null) {
        throw invalid("it names tensor '%s' twice".formatted(tensor));
      }
    }
  }

  /** A file may only be named, not be somewhere else. */
  private Path beside(String name, boolean isText) {
    boolean plain =
        !name.isEmpty() && !name.contains("/") && !name.contains("\\") && !name.startsWith(".");
    if (!isText || !plain) {
      throw new UserError(
          "%s names the file %s; it may only name files beside itself"
              .formatted(path, isText ? "\"" + name + "\"" : name));
    }
    return path.resolveSibling(name);
  }

  private UserError invalid(String why) {
    return new UserError("%s is not an index of shards: %s".formatted(path, why));
  }
}
