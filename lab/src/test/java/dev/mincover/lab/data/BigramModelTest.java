package dev.mincover.lab.data;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BigramModelTest {
  /** By hand: c = 4, T = 2, so p(a) = (3 + 2/256) / 6, p(b) = (1 + 2/256) / 6, p(z) = 2/256 / 6. */
  private static final BigramModel AABA = new BigramModel("aaba".getBytes(UTF_8));

  private static final double P_A = (3 + 2.0 / 256) / 6;
  private static final double P_B = (1 + 2.0 / 256) / 6;
  private static final double P_Z = (2.0 / 256) / 6;

  @Test
  void interpolatesPairsWithSingleBytes() {
    // After a came a and b, once each: c(a) = 2, T(a) = 2.
    assertThat(bits("aa")).isEqualTo(-log2((1 + 2 * P_A) / 4), within(1e-12));
    assertThat(bits("ab")).isEqualTo(-log2((1 + 2 * P_B) / 4), within(1e-12));
    assertThat(bits("az")).isEqualTo(-log2(2 * P_Z / 4), within(1e-12));
    // After b came a, once: c(b) = 1, T(b) = 1.
    assertThat(bits("ba")).isEqualTo(-log2((1 + P_A) / 2), within(1e-12));
    assertThat(bits("bb")).isEqualTo(-log2(P_B / 2), within(1e-12));
    // After z came nothing.
    assertThat(bits("za")).isEqualTo(-log2(P_A), within(1e-12));
  }

  @Test
  void averagesOverAllBytesButTheFirst() {
    assertThat(bits("aabz")).isEqualTo((bits("aa") + bits("ab") + bits("bz")) / 3, within(1e-12));
  }

  @Test
  void probabilitiesAddUpToOneAfterEveryByte() {
    for (int a = 0; a < 256; a++) {
      double sum = 0;
      for (int b = 0; b < 256; b++) {
        sum += Math.pow(2, -AABA.bitsPerByte(new byte[] {(byte) a, (byte) b}));
      }
      assertThat(sum).isEqualTo(1, within(1e-9));
    }
  }

  @Test
  void uniformNoiseTakesEightBits() {
    var random = new SplittableRandom(1);
    var training = new byte[1 << 22];
    var validation = new byte[1 << 16];
    random.nextBytes(training);
    random.nextBytes(validation);
    assertThat(new BigramModel(training).bitsPerByte(validation)).isEqualTo(8, within(0.05));
  }

  @Test
  void aPredictableTextTakesAlmostNone() {
    byte[] text = "abcd".repeat(10_000).getBytes(UTF_8);
    assertThat(new BigramModel(text).bitsPerByte(text)).isBetween(0.0, 0.001);
  }

  @Test
  void onItsOwnTextItIsBetweenTheConditionalAndTheUnigramEntropy() {
    byte[] text =
        "the quick brown fox jumps over the lazy dog, and then the other one; "
            .repeat(100)
            .getBytes(UTF_8);
    var singles = new double[256];
    var pairs = new double[256 * 256];
    for (int i = 1; i < text.length; i++) {
      singles[text[i]]++;
      pairs[text[i - 1] * 256 + text[i]]++;
    }
    double unigram = entropy(singles);
    // Of a repeated text first and last byte differ from each other's counts by one only.
    double conditional = entropy(pairs) - unigram;
    assertThat(new BigramModel(text).bitsPerByte(text))
        .isBetween(conditional - 0.01, conditional + 0.1)
        .isLessThan(unigram);
  }

  @Test
  void overWindowsItCountsTheirTargetsOnly() {
    byte[] text = "aabab".getBytes(UTF_8);
    assertThat(AABA.bitsPerByte(new Windows(text, 4, 1))).isEqualTo(bits("aabab"), within(1e-12));
    assertThat(AABA.bitsPerByte(new Windows(text, 1, 2)))
        .isEqualTo((bits("aa") + bits("ba")) / 2, within(1e-12));
  }

  @Test
  void refusesTextsTooShortToSayAnything() {
    assertThatThrownBy(() -> new BigramModel(new byte[0]))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> AABA.bitsPerByte(new byte[1]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static double bits(String text) {
    return AABA.bitsPerByte(text.getBytes(UTF_8));
  }

  private static double entropy(double[] counts) {
    double total = 0;
    for (double count : counts) {
      total += count;
    }
    double entropy = 0;
    for (double count : counts) {
      entropy -= count == 0 ? 0 : count / total * log2(count / total);
    }
    return entropy;
  }

  private static double log2(double x) {
    return Math.log(x) / Math.log(2);
  }
}
