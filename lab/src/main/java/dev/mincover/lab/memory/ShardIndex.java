package dev.mincover.lab.memory;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
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
    JsonNode map;
    try {
      map = JsonMapper.shared().readTree(Files.readAllBytes(index)).path("weight_map");
    } catch (IOException e) {
      throw new UserError("cannot read " + index, e);
    } catch (JacksonException e) {
      throw new UserError(
          "%s is not an index of shards: %s".formatted(index, e.getOriginalMessage()));
    }
    if (!map.isObject() || map.isEmpty()) {
      throw new UserError(
          "%s is not an index of shards: it has no \"weight_map\" of tensors to files"
              .formatted(index));
    }
    Map<String, Path> files = new LinkedHashMap<>();
    map.properties().forEach(entry -> files.put(entry.getKey(), beside(index, entry.getValue())));
    return files;
  }

  /** A file may only be named, not be somewhere else. */
  private static Path beside(Path index, JsonNode file) {
    String name = file.asString("");
    boolean plain =
        !name.isEmpty() && !name.contains("/") && !name.contains("\\") && !name.startsWith(".");
    if (!file.isString() || !plain) {
      throw new UserError(
          "%s names the file %s; it may only name files beside itself".formatted(index, file));
    }
    return index.resolveSibling(name);
  }
}
