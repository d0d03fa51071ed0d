package dev.mincover.lab.replay;

import dev.mincover.lab.common.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.DoubleStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.StringNode;

/**
 * A value of a recording file that knows where it stands, so that every error names the file, the
 * sequence, the key and the value.
 *
 * @param place file and sequence
 * @param path from the sequence to the value, such as {@code config.momentum}; empty for the
 *     sequence itself
 * @param node the value
 */
record Field(String place, String path, JsonNode node) {

  /** Longer values are not repeated in an error. */
  private static final int SHOWN = 40;

  /** The value of a key, which may be absent. */
  Field get(String key) {
    return new Field(place, path.isEmpty() ? key : path + "." + key, node.path(key));
  }

  /** Whether there is no value, or null, which stands for none. */
  boolean isAbsent() {
    return node.isMissingNode() || node.isNull();
  }

  /** The keys of an object. */
  private Collection<String> keys() {
    if (!node.isObject()) {
      throw error("give an object");
    }
    return node.propertyNames();
  }

  /** Refuses keys of an object other than those known. */
  void requireKnownKeys(List<String> known) {
    for (String key : keys()) {
      if (!known.contains(key)) {
        throw problem(
            "%s has the key %s, which is not known; rename or remove it, known are %s"
                .formatted(path, StringNode.valueOf(key), String.join(", ", known)));
      }
    }
  }

  /** The elements of an array. */
  List<Field> elements() {
    if (!node.isArray()) {
      throw error("give an array");
    }
    List<Field> elements = new ArrayList<>(node.size());
    for (JsonNode element : node) {
      elements.add(new Field(place, path + "[" + elements.size() + "]", element));
    }
    return elements;
  }

  /** Integers of an array, each at least 0. */
  long[] indices() {
    return elements().stream().mapToLong(Field::index).toArray();
  }

  private long index() {
    if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
      throw error("give a whole number of at least 0");
    }
    return node.longValue();
  }

  /** One number. */
  double number() {
    if (!node.isNumber()) {
      throw error("give a number");
    }
    return number(node);
  }

  /** Nearest to a number of any length; infinite if it is too large. */
  private static double number(JsonNode node) {
    return node.isBigInteger() ? node.bigIntegerValue().doubleValue() : node.doubleValue();
  }

  /** One string. */
  String text() {
    if (!node.isString()) {
      throw error("give a string");
    }
    return node.stringValue();
  }

  /**
   * All numbers of a tensor, one after another, from a flat array, one nested in just its shape, or
   * for a scalar a bare number. JSON has no word for numbers that are not finite: writers give the
   * strings {@code "NaN"}, {@code "Infinity"} and {@code "-Infinity"}, or null, which is read as
   * NaN.
   */
  double[] values(long... shape) {
    if (node.isMissingNode()) {
      throw error("give its values");
    }
    long size = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    String needed = Arrays.toString(shape);
    if (!node.isArray() && shape.length > 0) {
      throw error("shape %s needs %d values, flat or nested so".formatted(needed, size));
    }
    if (isNested(node)) {
      long[] found = nesting(node, path, needed);
      if (!Arrays.equals(found, nesting(shape))) {
        throw problem(
            "%s is nested as %s; nest it as %s or give %d values flat"
                .formatted(path, Arrays.toString(found), needed, size));
      }
    }
    DoubleStream.Builder values = DoubleStream.builder();
    append(node, values);
    double[] all = values.build().toArray();
    if (all.length != size) {
      throw problem(
          "%s has %d values; shape %s needs %d".formatted(path, all.length, needed, size));
    }
    return all;
  }

  private static boolean isNested(JsonNode node) {
    for (JsonNode element : node) {
      if (element.isArray()) {
        return true;
      }
    }
    return false;
  }

  /** How many elements there are on each level of arrays, which must be as many in all places. */
  private long[] nesting(JsonNode node, String path, String needed) {
    if (!isNested(node)) {
      return node.isArray() ? new long[] {node.size()} : new long[0];
    }
    long[] first = {};
    for (int i = 0; i < node.size(); i++) {
      long[] nesting = nesting(node.get(i), "%s[%d]".formatted(path, i), needed);
      if (i == 0) {
        first = nesting;
      } else if (!Arrays.equals(nesting, first)) {
        throw problem(
            "%s[0] has shape %s and %s[%d] has %s; nest %s as %s or flat"
                .formatted(
                    path,
                    Arrays.toString(first),
                    path,
                    i,
                    Arrays.toString(nesting),
                    this.path,
                    needed));
      }
    }
    long[] all = new long[first.length + 1];
    all[0] = node.size();
    System.arraycopy(first, 0, all, 1, first.length);
    return all;
  }

  /** The levels of arrays that a shape is written with: below an empty one there are none. */
  private static long[] nesting(long[] shape) {
    for (int axis = 0; axis < shape.length; axis++) {
      if (shape[axis] == 0) {
        return Arrays.copyOf(shape, axis + 1);
      }
    }
    return shape;
  }

  private void append(JsonNode node, DoubleStream.Builder values) {
    if (node.isArray()) {
      for (JsonNode element : node) {
        append(element, values);
      }
    } else if (node.isNumber()) {
      values.add(number(node));
    } else if (node.isNull()) {
      values.add(Double.NaN);
    } else {
      values.add(
          switch (node.isString() ? node.stringValue() : "") {
            case "NaN" -> Double.NaN;
            case "Infinity" -> Double.POSITIVE_INFINITY;
            case "-Infinity" -> Double.NEGATIVE_INFINITY;
            default -> throw problem("%s holds %s; give numbers".formatted(path, shown(node)));
          });
    }
  }

  /** What core makes of this value; what it refuses is the file's to mend. */
  <T> T checked(Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException e) {
      throw problem((path.isEmpty() ? "" : path + ": ") + e.getMessage());
    }
  }

  /** That this value cannot be used, and what to do about it. */
  UserError error(String remedy) {
    String what = path.isEmpty() ? "this entry" : path;
    return problem(
        node.isMissingNode()
            ? "%s is missing; %s".formatted(what, remedy)
            : "%s is %s; %s".formatted(what, shown(node), remedy));
  }

  /** That this sequence cannot be used. */
  UserError problem(String why) {
    return new UserError(place + ": " + why);
  }

  /** A value as JSON, in which strings have no line breaks. */
  private static String shown(JsonNode node) {
    if (node.isContainer()) {
      return node.isArray() ? "an array" : "an object";
    }
    String json = node.toString();
    return json.length() <= SHOWN ? json : json.substring(0, SHOWN) + "...";
  }
}
