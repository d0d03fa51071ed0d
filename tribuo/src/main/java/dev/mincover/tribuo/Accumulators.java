package dev.mincover.tribuo;

import java.util.Arrays;
import java.util.List;

/**
 * The accumulators mu of one matrix, and the statistic nu that SM3-II makes of them and of a
 * gradient g. With a the least accumulator of the sets that hold a weight:
 *
 * <pre>
 *   nu = a + g^2                        the sum (paper, section 3, SM3-II)
 *   nu = beta * a + (1 - beta) * g^2    the average
 *   mu = max of nu over the set
 * </pre>
 *
 * <p>A step starts with {@link #fade} and then takes either all sparse rows at once or the dense
 * rows one after the other. A vector is a matrix of one row.
 */
abstract sealed class Accumulators {

  /** How much of an accumulator stays. */
  final double beta;

  /** What a squared gradient is multiplied by. */
  final double share;

  private Accumulators(double beta) {
    this.beta = beta;
    this.share = beta == 1 ? 1 : 1 - beta;
  }

  /**
   * Multiplies all by beta. x -> fl(beta * x) is monotone, so that it commutes with min and max:
   * this is exact for weights without a gradient, and the others add their share to it.
   */
  final void fade() {
    if (beta != 1) {
      for (double[] mu : arrays()) {
        for (int i = 0; i < mu.length; i++) {
          mu[i] *= beta;
        }
      }
    }
  }

  /**
   * Takes the active entries of a gradient and writes their nu. The others are +0, and by the
   * theorem of docs/explanation/sparse-rows.md the maximum with the old mu stands for them.
   */
  abstract void sparse(SparseRows gradient);

  /** Before the first row of a dense gradient. */
  abstract void beginDense();

  /**
   * Takes the next row of a dense gradient, all of it.
   *
   * @param row from 0, in ascending order
   * @param g the row's gradient
   * @param nu overwritten
   */
  abstract void dense(int row, double[] g, double[] nu);

  /** After the last row of a dense gradient. */
  abstract void endDense();

  /** The very arrays, in the order in which they are shown and saved. */
  abstract List<double[]> arrays();

  /** Bytes that dense gradients take besides. */
  abstract long scratchBytes();

  /** An accumulator for each row and for each column. */
  static final class Slices extends Accumulators {
    private double[] columns;
    private final double[] rows;
    private double[] next = new double[0];

    Slices(int rows, int columns, double beta) {
      super(beta);
      this.rows = new double[rows];
      this.columns = new double[columns];
    }

    @Override
    void sparse(SparseRows gradient) {
      int[] column = gradient.columns;
      double[] g = gradient.values;
      double[] nu = gradient.nu;
      int from = 0;
      for (int i = 0; i < rows.length; i++) {
        int to = gradient.ends[i];
        double r = rows[i];
        double max = r;
        for (int k = from; k < to; k++) {
          double value = Math.min(r, columns[column[k]]) + share * (g[k] * g[k]);
          nu[k] = value;
          max = Math.max(max, value);
        }
        rows[i] = max;
        from = to;
      }
      // Only now: every row is to see the columns as they were.
      for (int k = 0; k < from; k++) {
        int j = column[k];
        columns[j] = Math.max(columns[j], nu[k]);
      }
    }

    @Override
    void beginDense() {
      if (next.length == 0) {
        next = new double[columns.length];
      }
      Arrays.fill(next, 0);
    }

    @Override
    void dense(int row, double[] g, double[] nu) {
      double[] old = columns;
      double[] raised = next;
      double r = rows[row];
      double max = 0;
      for (int j = 0; j < g.length; j++) {
        double value = Math.min(r, old[j]) + share * (g[j] * g[j]);
        nu[j] = value;
        raised[j] = Math.max(raised[j], value);
        max = Math.max(max, value);
      }
      rows[row] = max;
    }

    @Override
    void endDense() {
      double[] old = columns;
      columns = next;
      next = old;
    }

    @Override
    List<double[]> arrays() {
      return List.of(rows, columns);
    }

    @Override
    long scratchBytes() {
      return (long) Double.BYTES * next.length;
    }
  }

  /** An accumulator for each weight. */
  static final class Singletons extends Accumulators {
    private final double[][] mu;

    Singletons(int rows, int columns, double beta) {
      super(beta);
      mu = new double[rows][columns];
    }

    @Override
    void sparse(SparseRows gradient) {
      int from = 0;
      for (int i = 0; i < mu.length; i++) {
        int to = gradient.ends[i];
        for (int k = from; k < to; k++) {
          double g = gradient.values[k];
          double value = mu[i][gradient.columns[k]] + share * (g * g);
          mu[i][gradient.columns[k]] = value;
          gradient.nu[k] = value;
        }
        from = to;
      }
    }

    @Override
    void beginDense() {}

    @Override
    void dense(int row, double[] g, double[] nu) {
      double[] own = mu[row];
      for (int j = 0; j < g.length; j++) {
        own[j] += share * (g[j] * g[j]);
        nu[j] = own[j];
      }
    }

    @Override
    void endDense() {}

    @Override
    List<double[]> arrays() {
      return Arrays.asList(mu);
    }

    @Override
    long scratchBytes() {
      return 0;
    }
  }
}
