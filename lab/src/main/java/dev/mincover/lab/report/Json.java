package dev.mincover.lab.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes JSON for a page: objects keep the order of their keys, and numbers are no longer than
 * needed.
 */
final class Json {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final MathContext DIGITS = new MathContext(5);

  private Json() {}

  /** Returns an object from alternating keys and values. */
  static Map<String, Object> object(Object... keysAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      object.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return object;
  }

  /** Rounds a finite number to five digits, which is more than a chart can show. */
  static double rounded(double value) {
    return new BigDecimal(value).round(DIGITS).doubleValue();
  }

  /** Returns one line of JSON. */
  static String text(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** Returns JSON for a script element: no text in it ends the element or opens another. */
  static String inScript(Object value) {
    return text(value).replace("<", "\\u003c");
  }

  /** Reads a JSON file next to the classes. */
  static Map<String, Object> resource(String name) {
    return MAPPER.readValue(Resource.bytes(name), new TypeReference<Map<String, Object>>() {});
  }
}
