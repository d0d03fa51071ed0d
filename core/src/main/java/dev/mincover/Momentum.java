package dev.mincover;

/**
 * How past updates carry on in the next one. With u = g / sqrt(nu), the moving average of the
 * authors is m = beta * m + (1 - beta) * u and w -= eta * m, with m = 0 at first.
 *
 * <p>Costs one float32 value a weight; {@link #none()} costs nothing, for no buffer is made.
 *
 * @param beta how much of the old average stays, in [0, 1); 0 is no momentum
 */
public record Momentum(double beta) {

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if beta is not in [0, 1)
   */
  public Momentum {
    if (!(beta >= 0 && beta < 1)) {
      throw new IllegalArgumentException(
          "momentum beta is %s; it must be at least 0 and below 1, for example 0.9"
              .formatted(beta));
    }
  }

  /** No momentum and no buffer: w -= eta * u. */
  public static Momentum none() {
    return new Momentum(0);
  }

  /** A moving average that keeps {@code beta} of its past; 0 is {@link #none()}. */
  public static Momentum average(double beta) {
    return new Momentum(beta);
  }

  /** Whether there is no momentum, and so no buffer. */
  public boolean isNone() {
    return beta == 0;
  }
}
