package dev.mincover.lab.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** JSON as it is written into a page: objects in the order given, numbers no longer than needed. */
final class Json {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final MathContext DIGITS = new MathContext(5);

  private Json() {}

  /** An object of the keys and values, which alternate. */
  static Map<String, Object> object(Object... keysAndValues) {
    Map<String, Object> object = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      object.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return object;
  }

  /** A finite number with five digits, which is more than a chart can show. */
  static double rounded(double value) {
    return new BigDecimal(value).round(DIGITS).doubleValue();
  }

  /** One line of JSON. */
  static String text(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** JSON that may stand in a script element: no text in it ends the element or opens another. */
  static String inScript(Object value) {
    return text(value).replace("<", "\\u003c");
  }

  /** A JSON file beside the classes. */
  static Map<String, Object> resource(String name) {
    return MAPPER.readValue(Resource.bytes(name), new TypeReference<Map<String, Object>>() {});
  }
}
