package dev.mincover.lab.translation;

import java.util.Locale;
import java.util.regex.Pattern;

/** What is the same in sentences that are written differently. */
final class SentenceText {
  /** White space of Unicode, no-break spaces among it, and characters that show nothing. */
  private static final String BLANK = "[\\p{IsWhite_Space}\\p{Cc}\\u200b\\u2060\\ufeff]+";

  private static final Pattern SPACES = Pattern.compile(BLANK);
  private static final Pattern ENDS = Pattern.compile("^" + BLANK + "|" + BLANK + "$");
  private static final Pattern NO_LETTER_OR_DIGIT = Pattern.compile("[^\\p{L}\\p{M}\\p{N}]+");

  private SentenceText() {}

  /** Takes white space, no-break spaces among it, from both ends. */
  static String strip(String text) {
    return ENDS.matcher(text).replaceAll("");
  }

  /** Strips the text, and makes each white space within it one space. */
  static String singleSpaced(String text) {
    return SPACES.matcher(strip(text)).replaceAll(" ");
  }

  /** The words in lower case, without punctuation: equal for texts that differ in these alone. */
  static String words(String text) {
    return NO_LETTER_OR_DIGIT.matcher(text).replaceAll(" ").strip().toLowerCase(Locale.ROOT);
  }
}
