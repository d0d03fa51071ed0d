package dev.mincover.lab.mlm;

import dev.mincover.lab.data.Batch;

/**
 * The baseline: bytes guessed by how often they occur, whatever stands around them. A byte that
 * never occurs counts as if it did once.
 */
final class ByteFrequencies {

  private static final int BYTES = 256;

  private final long[] counts = new long[BYTES];
  private final long total;
  private final int mostFrequent;

  ByteFrequencies(byte[] text) {
    for (byte b : text) {
      counts[b & 0xFF]++;
    }
    long sum = 0;
    int most = 0;
    for (int b = 0; b < BYTES; b++) {
      most = counts[b] > counts[most] ? b : most;
      counts[b] = Math.max(1, counts[b]);
      sum += counts[b];
    }
    total = sum;
    mostFrequent = most;
  }

  /** Returns the mean of {@code -log2 p} over the targets that count. */
  double bits(Batch batch) {
    double sum = 0;
    int counted = 0;
    for (long target : batch.targets()) {
      if (target != Batch.IGNORED) {
        sum -= Math.log((double) counts[(int) target] / total);
        counted++;
      }
    }
    return sum / (counted * Math.log(2));
  }

  /** Returns the byte to guess if there is but one guess. */
  int mostFrequent() {
    return mostFrequent;
  }
}
