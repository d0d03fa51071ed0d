package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.HashMap;
import java.util.Map;

/** Finds what a text is best continued from by a model that has learned it. */
final class TextStart {

  /** After which a text starts anew, the best first. */
  private static final byte[] SEPARATORS = {'\n', '\r', ' '};

  /**
   * A byte that is rarer than one in so many is all but new to a model after a short training,
   * which reads some hundred thousand.
   */
  private static final long RARE = 4096;

  /** Enough to tell which character is frequent. */
  private static final int LOOKED_AT = 1 << 20;

  private static final int REPLACEMENT = 0xFFFD;

  private TextStart() {}

  /** What {@link Corpus#start} documents. */
  static byte[] of(byte[] text) {
    var counts = new long[256];
    for (byte b : text) {
      counts[b & 0xFF]++;
    }
    for (byte separator : SEPARATORS) {
      if (RARE * counts[separator] >= text.length) {
        return new byte[] {separator};
      }
    }
    Map<Integer, Integer> characters = new HashMap<>();
    new String(text, 0, Math.min(text.length, LOOKED_AT), UTF_8)
        .codePoints()
        .filter(character -> character != REPLACEMENT)
        .forEach(character -> characters.merge(character, 1, Integer::sum));
    return characters.entrySet().stream()
        .max(
            Map.Entry.<Integer, Integer>comparingByValue()
                .thenComparing(Map.Entry.comparingByKey()))
        .map(entry -> Character.toString(entry.getKey()).getBytes(UTF_8))
        .orElseGet(() -> new byte[] {mostFrequent(counts)});
  }

  private static byte mostFrequent(long[] counts) {
    int most = 0;
    for (int b = 1; b < counts.length; b++) {
      most = counts[b] > counts[most] ? b : most;
    }
    return (byte) most;
  }
}
