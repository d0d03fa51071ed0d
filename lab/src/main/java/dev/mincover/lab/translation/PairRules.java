package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Which messages are sentences with a translation; their white space is single. */
final class PairRules {
  /** The longest sentence, in bytes of UTF-8. */
  static final int MAX_BYTES = 200;

  /** Why a pair is dropped; the first that holds counts. */
  enum Reason {
    EMPTY("empty"),
    EQUAL("equal"),
    MARKED("marked automatic"),
    LONG("over 200 bytes"),
    CODE("markup or code"),
    FEW_LETTERS("few letters"),
    PLACEHOLDERS("placeholders"),
    LENGTHS("lengths"),
    REPEATED("repeated"),
    VALIDATED("in validation");

    private final String label;

    Reason(String label) {
      this.label = label;
    }

    /** A name of few words, as a heading of a table. */
    String label() {
      return label;
    }
  }

  private static final Pattern MARK =
      Pattern.compile("\\(Automatic (?:Copy|Translation)\\)|\\b(?:TODO|FIXME|TRANSLATE)\\b");

  /** Tags, entities, addresses, expressions, paths, and names of files, classes and variables. */
  private static final Pattern CODE =
      Pattern.compile(
          String.join(
              "|",
              "</?[\\w!][^>]*>",
              "&#?\\w+;",
              "\\w://|\\bwww\\.|\\w@\\w",
              "\\$\\{|#\\{[^0-9]|'[{}]'|==|&&|\\|\\||\\\\|[;{]$",
              "\\w\\.\\w+\\.\\w|(?<!\\w)/\\w+/\\w",
              "\\w_\\w+_\\w|^[a-z0-9]+(?:-[a-z0-9]+){2,}$|^\\w+(?:[._]\\w+)+$"));

  private static final Pattern PLACEHOLDER =
      Pattern.compile("\\{+[^{}]*\\}+|%(?:\\d+\\$)?[-+#0-9.]*[sdfnxc]\\b|(?<!\\w)\\$\\d");

  private PairRules() {}

  /** Returns why to drop the pair, null to keep it. The texts are single-spaced. */
  static @Nullable Reason reason(String source, String target) {
    if (source.isEmpty() || target.isEmpty()) {
      return Reason.EMPTY;
    }
    if (source.equals(target)) {
      return Reason.EQUAL;
    }
    if (matches(MARK, source, target)) {
      return Reason.MARKED;
    }
    if (source.getBytes(UTF_8).length > MAX_BYTES || target.getBytes(UTF_8).length > MAX_BYTES) {
      return Reason.LONG;
    }
    if (matches(CODE, source, target)) {
      return Reason.CODE;
    }
    if (fewLetters(source) || fewLetters(target)) {
      return Reason.FEW_LETTERS;
    }
    if (!placeholders(source).equals(placeholders(target))) {
      return Reason.PLACEHOLDERS;
    }
    return unequal(source.length(), target.length()) ? Reason.LENGTHS : null;
  }

  private static boolean matches(Pattern pattern, String source, String target) {
    return pattern.matcher(source).find() || pattern.matcher(target).find();
  }

  /** Placeholders in the order of their names: a translation may move them. */
  private static List<String> placeholders(String text) {
    return PLACEHOLDER.matcher(text).results().map(MatchResult::group).sorted().toList();
  }

  /** Whether, placeholders aside, there are fewer than 2 letters, or as many other signs. */
  private static boolean fewLetters(String text) {
    String rest = PLACEHOLDER.matcher(text).replaceAll("");
    long letters = rest.codePoints().filter(Character::isLetter).count();
    long others = rest.codePoints().filter(c -> c != ' ' && !Character.isLetter(c)).count();
    return letters < 2 || letters <= others;
  }

  /** French is about a fifth longer than English; short labels vary more. */
  private static boolean unequal(int source, int target) {
    return Math.max(source, target) > 2.5 * Math.min(source, target) + 15;
  }
}
