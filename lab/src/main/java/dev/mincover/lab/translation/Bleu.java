package dev.mincover.lab.translation;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * BLEU, the usual figure for the quality of translations: how many of the n-grams of the
 * translations occur in the reference translations.
 *
 * <p>Over the whole corpus, with n from 1 to 4:
 *
 * <pre>
 *   p_n  = sum over sentences of min(count in hypothesis, count in reference), over n-grams
 *          / number of n-grams of all hypotheses
 *   BP   = 1 if c &gt; r, else exp(1 - r / c)         c, r: words of hypotheses, of references
 *   BLEU = 100 BP exp((ln p_1 + ln p_2 + ln p_3 + ln p_4) / 4)
 * </pre>
 *
 * <p>The formula is that of Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
 * Translation" (ACL 2002), section 2.3, with one reference a sentence. Words, smoothing and edge
 * cases are those of sacreBLEU 2 with its default options (Post, "A Call for Clarity in Reporting
 * BLEU Scores", WMT 2018), so the figures can be compared with its signature {@code
 * nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp}:
 *
 * <ul>
 *   <li>Words are split as by NIST's mteval-v13a: ASCII punctuation stands alone, except
 *       apostrophes, hyphens not after a digit, and full stops and commas between digits. Case
 *       counts.
 *   <li>The k-th of the precisions that are 0 counts as {@code 1 / (2^k number of n-grams)}.
 *   <li>The score is 0 if no word is right, or if no hypothesis has 4 words.
 * </ul>
 */
final class Bleu {
  private static final int MAX_ORDER = 4;

  private static final Pattern PUNCTUATION = Pattern.compile("[ -&(-+:-@\\[-`{-~/]");
  private static final Pattern POINT_AFTER_NO_DIGIT = Pattern.compile("([^0-9])([.,])");
  private static final Pattern POINT_BEFORE_NO_DIGIT = Pattern.compile("([.,])([^0-9])");
  private static final Pattern HYPHEN_AFTER_DIGIT = Pattern.compile("([0-9])-");

  /** White space as sacreBLEU has it: that of Unicode, no-break spaces among it, and separators. */
  private static final Pattern SPACES = Pattern.compile("[\\p{IsWhite_Space}\\x1c-\\x1f]+");

  private Bleu() {}

  /**
   * Returns the score of translations.
   *
   * @param hypotheses the translations, one sentence each; may be empty strings
   * @param references what they should be, in the same order
   * @return 0 (no word is right) to 100 (all are equal)
   * @throws IllegalArgumentException if there are not as many references as hypotheses
   */
  static double of(List<String> hypotheses, List<String> references) {
    if (hypotheses.size() != references.size()) {
      throw new IllegalArgumentException(
          "%d hypotheses, %d references; each hypothesis needs its own reference"
              .formatted(hypotheses.size(), references.size()));
    }
    long[] correct = new long[MAX_ORDER];
    long[] total = new long[MAX_ORDER];
    long hypothesisWords = 0;
    long referenceWords = 0;
    for (int i = 0; i < hypotheses.size(); i++) {
      List<String> hypothesis = words(hypotheses.get(i));
      List<String> reference = words(references.get(i));
      hypothesisWords += hypothesis.size();
      referenceWords += reference.size();
      for (int n = 1; n <= MAX_ORDER; n++) {
        correct[n - 1] += common(ngrams(hypothesis, n), ngrams(reference, n));
        total[n - 1] += Math.max(0, hypothesis.size() - n + 1);
      }
    }
    if (correct[0] == 0 || total[MAX_ORDER - 1] == 0) {
      return 0;
    }
    double penalty =
        hypothesisWords < referenceWords ? 1 - (double) referenceWords / hypothesisWords : 0;
    return 100 * Math.exp(penalty + meanLogPrecision(correct, total));
  }

  private static double meanLogPrecision(long[] correct, long[] total) {
    double sum = 0;
    double smoothing = 1;
    for (int n = 0; n < MAX_ORDER; n++) {
      double right = correct[n];
      if (right == 0) {
        smoothing /= 2;
        right = smoothing;
      }
      sum += Math.log(right / total[n]);
    }
    return sum / MAX_ORDER;
  }

  /** Splits a sentence into words and signs. */
  static List<String> words(String sentence) {
    String text =
        sentence
            .stripTrailing()
            .replace("<skipped>", "")
            .replace("-\n", "")
            .replace('\n', ' ')
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
    // Spaces at both ends let the patterns that look at a neighbour see the ends as no digit.
    text = PUNCTUATION.matcher(" " + text + " ").replaceAll(" $0 ");
    text = POINT_AFTER_NO_DIGIT.matcher(text).replaceAll("$1 $2 ");
    text = POINT_BEFORE_NO_DIGIT.matcher(text).replaceAll(" $1 $2");
    text = HYPHEN_AFTER_DIGIT.matcher(text).replaceAll("$1 - ");
    return SPACES.splitAsStream(text).filter(word -> !word.isEmpty()).toList();
  }

  private static Map<List<String>, Integer> ngrams(List<String> words, int n) {
    Map<List<String>, Integer> counts = new HashMap<>();
    for (int i = 0; i + n <= words.size(); i++) {
      counts.merge(words.subList(i, i + n), 1, Integer::sum);
    }
    return counts;
  }

  /** How many n-grams of one occur in the other, each at most as often as it does there. */
  private static long common(
      Map<List<String>, Integer> hypothesis, Map<List<String>, Integer> reference) {
    long common = 0;
    for (Map.Entry<List<String>, Integer> ngram : hypothesis.entrySet()) {
      common += Math.min(ngram.getValue(), reference.getOrDefault(ngram.getKey(), 0));
    }
    return common;
  }
}
