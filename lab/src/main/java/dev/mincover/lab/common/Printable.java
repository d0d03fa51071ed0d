package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.regex.Pattern;

/** Bytes of a model as text that a terminal can be shown. */
public final class Printable {

  private static final Pattern LINE_END = Pattern.compile("\\R");

  private Printable() {}

  /**
   * UTF-8, with a replacement character for what is not, and for control characters. Line ends of
   * any system become {@code \n}: a terminal that is shown a carriage return alone overwrites the
   * line.
   */
  public static String text(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    LINE_END
        .matcher(new String(bytes, UTF_8))
        .replaceAll("\n")
        .codePoints()
        .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? '\uFFFD' : c)
        .forEach(text::appendCodePoint);
    return text.toString();
  }
}
