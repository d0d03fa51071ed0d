package dev.mincover.tribuo;

import dev.mincover.recipe.Momentum;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of gradients and their statistics: u = g / sqrt(nu + epsilon), 0 where nu + epsilon
 * is 0, then momentum as {@link Momentum} writes it, then times eta.
 */
final class Direction {

  private final double epsilon;
  private final Momentum momentum;

  /** A value per weight; null without momentum. */
  private final double @Nullable [][] m;

  Direction(double epsilon, Momentum momentum, int rows, int columns) {
    this.epsilon = epsilon;
    this.momentum = momentum;
    m = momentum.isNone() ? null : new double[rows][columns];
  }

  /**
   * Overwrites gradients with u, for any number of rows.
   *
   * @param values the gradients, overwritten
   * @param nu their statistics
   * @param count of the values that count, from the first on
   * @param eta what u is multiplied by if there is no momentum
   */
  void divide(double[] values, double[] nu, int count, double eta) {
    double factor = m == null ? eta : 1;
    // Without a branch the loop becomes vector code: one is 0 where the sum is 0, and 1 elsewhere.
    for (int k = 0; k < count; k++) {
      double sum = nu[k] + epsilon;
      double one = Math.signum(sum);
      double u = values[k] / Math.sqrt(sum + Double.MAX_VALUE * (1 - one));
      values[k] = factor * (one * u);
    }
  }

  /**
   * Overwrites the u of one row with eta times the momentum; does nothing without momentum.
   *
   * @param columns of the values; null if they are a whole row
   */
  void carry(int row, int @Nullable [] columns, double[] values, int from, int to, double eta) {
    if (m == null) {
      return;
    }
    double[] own = m[row];
    double b = momentum.beta();
    boolean average = momentum.kind() == Momentum.Kind.AVERAGE;
    boolean nesterov = momentum.kind() == Momentum.Kind.NESTEROV;
    for (int k = from; k < to; k++) {
      int j = columns == null ? k : columns[k];
      double u = values[k];
      double next = b * own[j] + (average ? (1 - b) * u : u);
      own[j] = next;
      values[k] = eta * (nesterov ? u + b * next : next);
    }
  }

  /** The very array; null without momentum. */
  double @Nullable [][] momentum() {
    return m;
  }
}
