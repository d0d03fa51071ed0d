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
import tools.jackson.databind.json.JsonMapper;

/**
 * The index of a model in shards: a JSON object whose {@code weight_map} names a file for each
 * tensor.
 */
final class ShardIndex {

  private ShardIndex() {}

  /**
   * The file of each tensor, beside the index.
   *
   * @throws UserError if it cannot be read, is no such index, or names a file elsewhere
   */
  static Map<String, Path> read(Path index) {
    Map<String, Path> files = new HashMap<>();
    // Entries are taken as they come: of a million, a tree would be larger than the model's
    // headers.
    try (InputStream in = Files.newInputStream(index);
        JsonParser json = JsonMapper.shared().createParser(in)) {
      if (json.nextToken() == JsonToken.START_OBJECT) {
        while (json.nextToken() == JsonToken.PROPERTY_NAME) {
          boolean isMap = json.currentName().equals("weight_map");
          if (json.nextToken() == JsonToken.START_OBJECT && isMap) {
            readMap(index, json, files);
          } else {
            json.skipChildren();
          }
        }
      }
    } catch (IOException e) {
      throw new UserError("cannot read " + index, e);
    } catch (JacksonException e) {
      throw new UserError(
          "%s is not an index of shards: %s".formatted(index, e.getOriginalMessage()));
    }
    if (files.isEmpty()) {
      throw new UserError(
          "%s is not an index of shards: it has no \"weight_map\" of tensors to files"
              .formatted(index));
    }
    return files;
  }

  private static void readMap(Path index, JsonParser json, Map<String, Path> files) {
    Map<String, Path> byName = new HashMap<>();
    while (json.nextToken() == JsonToken.PROPERTY_NAME) {
      String tensor = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_STRING) {
        throw elsewhere(index, json.currentToken().toString());
      }
      files.put(tensor, byName.computeIfAbsent(json.getString(), name -> beside(index, name)));
    }
  }

  /** A file may only be named, not be somewhere else. */
  private static Path beside(Path index, String name) {
    boolean plain =
        !name.isEmpty() && !name.contains("/") && !name.contains("\\") && !name.startsWith(".");
    if (!plain) {
      throw elsewhere(index, "\"%s\"".formatted(name));
    }
    return index.resolveSibling(name);
  }

  private static UserError elsewhere(Path index, String file) {
    return new UserError(
        "%s names the file %s; it may only name files beside itself".formatted(index, file));
  }
}
