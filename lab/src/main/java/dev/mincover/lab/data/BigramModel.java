package dev.mincover.lab.data;

import java.util.Arrays;

/**
 * The baseline a language model has to beat: each byte predicted from the one before it, by counts.
 *
 * <p>With c(a, b) the times b followed a, c(a) the times anything followed a, and T(a) the number
 * of different bytes that did, the probability is Witten and Bell's interpolation [1]
 *
 * <pre>
 *   p(b | a) = (c(a, b) + T(a) p(b)) / (c(a) + T(a))
 *   p(b)     = (c(b) + T / 256) / (c + T)
 * </pre>
 *
 * where p(b) does the same for single bytes: c(b) counts b, T the different bytes, c all of them.
 * There is nothing to tune, and every byte has a chance, even after one never seen.
 *
 * <p>[1] Witten and Bell, The zero-frequency problem, IEEE Transactions on Information Theory
 * 37(4), 1991, method C.
 */
public final class BigramModel {
  private static final int BYTES = 256;

  /** {@code -log2 p(b | a)} at {@code a * 256 + b}. */
  private final double[] bits = new double[BYTES * BYTES];

  /**
   * Counts a text.
   *
   * @param training the text, at least 1 byte
   * @throws IllegalArgumentException if it is empty
   */
  public BigramModel(byte[] training) {
    if (training.length == 0) {
      throw new IllegalArgumentException("a bigram model needs at least one byte");
    }
    var singles = new int[BYTES];
    var pairs = new int[BYTES * BYTES];
    int before = training[0] & 0xFF;
    singles[before]++;
    for (int i = 1; i < training.length; i++) {
      int b = training[i] & 0xFF;
      singles[b]++;
      pairs[before * BYTES + b]++;
      before = b;
    }
    var uniform = new double[BYTES];
    Arrays.fill(uniform, 1.0 / BYTES);
    double[] unigram = interpolate(singles, 0, uniform);
    for (int a = 0; a < BYTES; a++) {
      double[] p = interpolate(pairs, a * BYTES, unigram);
      for (int b = 0; b < BYTES; b++) {
        bits[a * BYTES + b] = -Math.log(p[b]) / Math.log(2);
      }
    }
  }

  /**
   * The 256 counts from {@code from} on as probabilities, mixed with those of a shorter context.
   */
  private static double[] interpolate(int[] counts, int from, double[] shorter) {
    long total = 0;
    int different = 0;
    for (int b = 0; b < BYTES; b++) {
      total += counts[from + b];
      different += counts[from + b] > 0 ? 1 : 0;
    }
    if (total == 0) {
      return shorter;
    }
    var p = new double[BYTES];
    for (int b = 0; b < BYTES; b++) {
      p[b] = (counts[from + b] + different * shorter[b]) / (total + different);
    }
    return p;
  }

  /**
   * Mean of {@code -log2 p} over all bytes of the text but the first, which only serves as context.
   *
   * @param text at least 2 bytes
   * @throws IllegalArgumentException if it is shorter
   */
  public double bitsPerByte(byte[] text) {
    if (text.length < 2) {
      throw new IllegalArgumentException(
          "bits per byte need a text of 2 bytes, not " + text.length);
    }
    return sum(text, 0, text.length - 1) / (text.length - 1);
  }

  /** The same mean over just the targets of the windows, as a model judged by them sees it. */
  public double bitsPerByte(Windows windows) {
    double sum = 0;
    for (int i = 0; i < windows.count(); i++) {
      sum += sum(windows.text(), windows.offset(i), windows.context());
    }
    return sum / ((double) windows.count() * windows.context());
  }

  private double sum(byte[] text, int offset, int count) {
    double sum = 0;
    int before = text[offset] & 0xFF;
    for (int i = offset + 1; i <= offset + count; i++) {
      int b = text[i] & 0xFF;
      sum += bits[before * BYTES + b];
      before = b;
    }
    return sum;
  }
}
