package dev.mincover.lab.data;

import java.util.regex.Pattern;

/**
 * Removes the licence and copyright notices that open a source file. They repeat in every file, so
 * a model would be praised for knowing them by heart.
 */
final class LicenceHeader {
  /** Words of a notice; a space may be a line break inside a comment. */
  private static final Pattern NOTICE =
      Pattern.compile(
          "licen[cs]ed[\\s*/]+(under|to)\\b|SPDX-License|"
              + "\\bcopyright\\b|\\bpublic[\\s*/]+domain\\b",
          Pattern.CASE_INSENSITIVE);

  private LicenceHeader() {}

  /**
   * Drops those comments before the first code that are notices and keeps the others, such as the
   * documentation of a package or a generator's {@code DO NOT EDIT}. Blank lines and a byte order
   * mark at the start go too.
   */
  static String strip(String source) {
    var kept = new StringBuilder(source.length());
    int at = source.startsWith("\uFEFF") ? 1 : 0;
    while (true) {
      int start = skipBlanks(source, at);
      int end = commentEnd(source, start);
      if (end == start) {
        return kept.append(source, at, source.length()).toString().stripLeading();
      }
      if (!NOTICE.matcher(source).region(start, end).find()) {
        kept.append(source, at, end);
      }
      at = end;
    }
  }

  private static int skipBlanks(String source, int at) {
    while (at < source.length() && Character.isWhitespace(source.charAt(at))) {
      at++;
    }
    return at;
  }

  /** Where the block comment, or the run of line comments, at {@code start} ends; else start. */
  private static int commentEnd(String source, int start) {
    if (source.startsWith("/*", start)) {
      int close = source.indexOf("*/", start + 2);
      return close < 0 ? start : close + 2;
    }
    int end = start;
    int line = start;
    while (source.startsWith("//", line)) {
      int newline = source.indexOf('\n', line);
      end = newline < 0 ? source.length() : newline;
      line = Math.min(end + 1, source.length());
    }
    return end;
  }
}
