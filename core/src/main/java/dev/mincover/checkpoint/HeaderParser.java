package dev.mincover.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads the JSON of a safetensors header, which is one object of known form, in one pass and
 * without a tree. What the format allows beyond that form (white space, fields that are not known,
 * {@code "__metadata__": null}) is passed over; all else is refused with the place where it stands.
 */
final class HeaderParser {

  /** Where the metadata stands. */
  static final String METADATA = "__metadata__";

  /** How deep the values of unknown fields may be nested. */
  private static final int DEEPEST = 32;

  /** Takes what the header says, in its order. */
  interface Sink {
    /**
     * A tensor.
     *
     * @param start in bytes, of the data
     * @param end after its last byte
     */
    void tensor(String name, String type, long[] shape, long start, long end)
        throws MalformedHeaderException;
  }

  /** What is wrong with a header, in words. */
  static final class MalformedHeaderException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedHeaderException(String what) {
      super(what);
    }
  }

  private final byte[] json;
  private final Sink sink;
  private final Map<String, String> metadata = new LinkedHashMap<>();
  private int at;

  private HeaderParser(byte[] json, Sink sink) {
    this.json = json;
    this.sink = sink;
  }

  /**
   * Parses a header.
   *
   * @return the metadata
   */
  static Map<String, String> parse(byte[] json, Sink sink) throws MalformedHeaderException {
    HeaderParser parser = new HeaderParser(json, sink);
    parser.header();
    return parser.metadata;
  }

  private void header() throws MalformedHeaderException {
    boolean described = false;
    expect('{');
    for (boolean more = !accept('}'); more; more = continues('}')) {
      String name = string();
      expect(':');
      if (!name.equals(METADATA)) {
        tensor(name);
      } else if (described) {
        throw wrong("names __metadata__ twice");
      } else {
        described = true;
        metadata();
      }
    }
    skipSpace();
    if (at < json.length) {
      throw wrong("goes on after its end");
    }
  }

  private void metadata() throws MalformedHeaderException {
    if (peek() == 'n') {
      literal("null");
      return;
    }
    expect('{');
    for (boolean more = !accept('}'); more; more = continues('}')) {
      String key = string();
      expect(':');
      if (peek() != '"') {
        throw wrong("has metadata '%s' that is no text".formatted(key));
      }
      if (metadata.put(key, string()) != null) {
        throw wrong("has metadata '%s' twice".formatted(key));
      }
    }
  }

  private void tensor(String name) throws MalformedHeaderException {
    @Nullable String type = null;
    long @Nullable [] shape = null;
    long @Nullable [] offsets = null;
    expect('{');
    for (boolean more = !accept('}'); more; more = continues('}')) {
      String field = string();
      expect(':');
      switch (field) {
        case "dtype" -> {
          requireFirst(type, name, field);
          type = string();
        }
        case "shape" -> {
          requireFirst(shape, name, field);
          shape = numbers();
        }
        case "data_offsets" -> {
          requireFirst(offsets, name, field);
          offsets = numbers();
        }
        default -> skipValue(0);
      }
    }
    if (type == null || shape == null || offsets == null) {
      throw wrong("lacks dtype, shape or data_offsets of '%s'".formatted(name));
    }
    if (offsets.length != 2) {
      throw wrong("has %d data_offsets for '%s', not 2".formatted(offsets.length, name));
    }
    sink.tensor(name, type, shape, offsets[0], offsets[1]);
  }

  private void requireFirst(@Nullable Object before, String name, String field)
      throws MalformedHeaderException {
    if (before != null) {
      throw wrong("has %s of '%s' twice".formatted(field, name));
    }
  }

  private long[] numbers() throws MalformedHeaderException {
    expect('[');
    long[] numbers = new long[4];
    int count = 0;
    for (boolean more = !accept(']'); more; more = continues(']')) {
      if (count == numbers.length) {
        numbers = Arrays.copyOf(numbers, 2 * count);
      }
      numbers[count++] = number();
    }
    return Arrays.copyOf(numbers, count);
  }

  /** A whole number of at least 0, which is all that shapes and offsets can be. */
  private long number() throws MalformedHeaderException {
    skipSpace();
    int first = at;
    long value = 0;
    while (at < json.length && json[at] >= '0' && json[at] <= '9') {
      int digit = json[at] - '0';
      if (value > (Long.MAX_VALUE - digit) / 10) {
        throw wrong("has a number beyond 64 bits");
      }
      value = 10 * value + digit;
      at++;
    }
    boolean isWhole = at > first && (at == json.length || ".eE".indexOf(json[at]) < 0);
    if (!isWhole || (json[first] == '0' && at > first + 1)) {
      throw wrong("has something other than a whole number of at least 0");
    }
    return value;
  }

  private String string() throws MalformedHeaderException {
    expect('"');
    int first = at;
    while (at < json.length && json[at] != '"' && json[at] != '\\') {
      if (json[at] >= 0 && json[at] < ' ') {
        throw wrong("has a control character in a text");
      }
      at++;
    }
    if (at < json.length && json[at] == '"') {
      return decoded(first, at++);
    }
    StringBuilder text = new StringBuilder();
    while (true) {
      text.append(decoded(first, at));
      if (at >= json.length) {
        throw wrong("ends within a text");
      }
      if (json[at++] == '"') {
        return text.toString();
      }
      text.append(escaped());
      first = at;
      while (at < json.length && json[at] != '"' && json[at] != '\\') {
        if (json[at] >= 0 && json[at] < ' ') {
          throw wrong("has a control character in a text");
        }
        at++;
      }
    }
  }

  private String decoded(int from, int to) throws MalformedHeaderException {
    boolean ascii = true;
    for (int i = from; i < to; i++) {
      ascii &= json[i] >= 0;
    }
    if (ascii) { // Nearly all names are, and there may be a million of them.
      return new String(json, from, to - from, ISO_8859_1);
    }
    try {
      return UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(json, from, to - from))
          .toString();
    } catch (CharacterCodingException _) {
      throw wrong("has a text that is not UTF-8");
    }
  }

  private char escaped() throws MalformedHeaderException {
    if (at >= json.length) {
      throw wrong("ends within a text");
    }
    return switch (json[at++]) {
      case '"' -> '"';
      case '\\' -> '\\';
      case '/' -> '/';
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int value = 0;
        for (int i = 0; i < 4; i++) {
          int digit = at < json.length ? Character.digit(json[at++], 16) : -1;
          if (digit < 0) {
            throw wrong("has an escape that is none");
          }
          value = value << 4 | digit;
        }
        yield (char) value;
      }
      default -> throw wrong("has an escape that is none");
    };
  }

  /** Passes over the value of a field that is not known. */
  private void skipValue(int depth) throws MalformedHeaderException {
    if (depth > DEEPEST) {
      throw wrong("is nested too deep");
    }
    switch (peek()) {
      case '"' -> string();
      case '{' -> {
        expect('{');
        for (boolean more = !accept('}'); more; more = continues('}')) {
          string();
          expect(':');
          skipValue(depth + 1);
        }
      }
      case '[' -> {
        expect('[');
        for (boolean more = !accept(']'); more; more = continues(']')) {
          skipValue(depth + 1);
        }
      }
      case 't' -> literal("true");
      case 'f' -> literal("false");
      case 'n' -> literal("null");
      default -> {
        int first = at;
        while (at < json.length && "+-.0123456789eE".indexOf(json[at]) >= 0) {
          at++;
        }
        if (at == first) {
          throw wrong("has something that is no value");
        }
      }
    }
  }

  private void literal(String word) throws MalformedHeaderException {
    for (int i = 0; i < word.length(); i++) {
      if (at >= json.length || json[at++] != word.charAt(i)) {
        throw wrong("has something that is no value");
      }
    }
  }

  /** After an element: true if a comma says that there is another one, false at the end. */
  private boolean continues(char end) throws MalformedHeaderException {
    if (accept(',')) {
      return true;
    }
    expect(end);
    return false;
  }

  private boolean accept(char next) {
    skipSpace();
    if (at < json.length && json[at] == next) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(char next) throws MalformedHeaderException {
    if (!accept(next)) {
      throw wrong(at < json.length ? "lacks '" + next + "'" : "ends before its time");
    }
  }

  private int peek() {
    skipSpace();
    return at < json.length ? json[at] : -1;
  }

  private void skipSpace() {
    while (at < json.length
        && (json[at] == ' ' || json[at] == '\n' || json[at] == '\r' || json[at] == '\t')) {
      at++;
    }
  }

  private MalformedHeaderException wrong(String what) {
    return new MalformedHeaderException("%s, at byte %,d".formatted(what, at));
  }
}
