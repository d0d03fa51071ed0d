package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.UTF_8;

/** Bytes of a model as text that a terminal can be shown. */
public final class Printable {

  private Printable() {}

  /** UTF-8, with a replacement character for what is not, and for control characters. */
  public static String text(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    new String(bytes, UTF_8)
        .codePoints()
        .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c)
        .forEach(text::appendCodePoint);
    return text.toString();
  }
}
