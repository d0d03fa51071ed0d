package dev.mincover.internal.rows;

import dev.mincover.tensor.Gradient;
import java.util.Arrays;

/**
 * The rows that a sparse gradient names, each once and in ascending order, and where its values lie
 * among those given: several times if it was named several times, in the order given.
 */
public final class SparseRowIndex {

  private static final long POSITION = (1L << 31) - 1;

  private long[] keys = {};
  private int[] start = {0};
  private int count;

  /**
   * Takes the rows of another gradient.
   *
   * @param indices all in [0, 2^31)
   */
  public void set(Gradient.Rows indices) {
    int given = Math.toIntExact(indices.count());
    if (keys.length < given) {
      keys = new long[given];
      start = new int[given + 1];
    }
    // Equal rows are sorted by position, which keeps the order given.
    for (int i = 0; i < given; i++) {
      keys[i] = indices.index(i) << 31 | i;
    }
    Arrays.sort(keys, 0, given);
    count = 0;
    for (int i = 0; i < given; i++) {
      if (i == 0 || keys[i] >>> 31 != keys[i - 1] >>> 31) {
        start[count++] = i;
      }
    }
    start[count] = given;
  }

  /** How many rows are named. */
  public int count() {
    return count;
  }

  /** The index of the {@code entry}-th row named. */
  public long index(long entry) {
    return keys[start[(int) entry]] >>> 31;
  }

  /** Whether a row was named more than once. */
  public boolean hasRepeats() {
    return start[count] > count;
  }

  /** How often it was named; at least once. */
  public int times(long entry) {
    return start[(int) entry + 1] - start[(int) entry];
  }

  /** Where, among the rows of values given, it stands for the {@code i}-th time. */
  public long position(long entry, int i) {
    return keys[start[(int) entry] + i] & POSITION;
  }
}
