package dev.mincover.tribuo;

import java.util.function.DoubleUnaryOperator;
import org.tribuo.math.la.SparseVector;
import org.tribuo.math.la.VectorIterator;
import org.tribuo.math.la.VectorTuple;

/**
 * The active entries of a sparse gradient, row after row, and what a step makes of them. The arrays
 * grow to the largest gradient seen and are kept: 20 bytes for each active entry.
 */
final class SparseRows {

  /** The column of each entry, ascending within a row. */
  int[] columns = new int[0];

  /** The weighted gradient at first, and then the update. */
  double[] values = new double[0];

  /** The statistic of each entry. */
  double[] nu = new double[0];

  /** Where each row ends, as a count of the entries up to there. */
  final int[] ends;

  private int count;

  SparseRows(int rows) {
    ends = new int[rows];
  }

  /** Forgets all rows and makes room for as many entries. */
  void clear(long entries) {
    if (entries > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a gradient has %d active entries; at most %d can be taken, use smaller minibatches"
              .formatted(entries, Integer.MAX_VALUE));
    }
    count = 0;
    if (entries > values.length) {
      int room = (int) entries;
      columns = new int[room];
      values = new double[room];
      nu = new double[room];
    }
  }

  /**
   * Appends a row.
   *
   * @param factor every value is multiplied by it
   * @return the column of a value that is not finite, or whose square is not; -1 if all is well
   */
  int read(int row, SparseVector from, double factor) {
    int k = count;
    for (VectorIterator entries = from.iterator(); entries.hasNext(); k++) {
      VectorTuple entry = entries.next();
      double value = entry.value * factor;
      if (!(value * value <= Double.MAX_VALUE)) {
        return entry.index;
      }
      columns[k] = entry.index;
      values[k] = value;
    }
    count = k;
    ends[row] = k;
    return -1;
  }

  /** How many entries there are. */
  int count() {
    return count;
  }

  /** Where a row starts. */
  int start(int row) {
    return row == 0 ? 0 : ends[row - 1];
  }

  /** Overwrites the active entries of {@code to} with the values of a row. */
  void write(int row, SparseVector to) {
    to.foreachInPlace(new InOrder(values, start(row)));
  }

  long bytes() {
    return (long) (2 * Double.BYTES + Integer.BYTES) * values.length
        + (long) Integer.BYTES * ends.length;
  }

  /** Gives one value after the other, whatever was there: Tribuo shows no array of a vector. */
  private static final class InOrder implements DoubleUnaryOperator {
    private final double[] values;
    private int at;

    InOrder(double[] values, int at) {
      this.values = values;
      this.at = at;
    }

    @Override
    public double applyAsDouble(double old) {
      return values[at++];
    }
  }
}
