package dev.mincover.lab.common;

import tools.jackson.databind.json.JsonMapper;

/** The names of the fields of a JSON object, to pin down a file's format. */
public final class JsonFields {

  private JsonFields() {}

  /**
   * The names in their order, with spaces between.
   *
   * @param pointer to the object, such as {@code /parameters/0}; empty for the whole
   */
  public static String of(String json, String pointer) {
    return String.join(" ", JsonMapper.shared().readTree(json).at(pointer).propertyNames());
  }
}
