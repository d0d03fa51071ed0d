package dev.mincover.recipe;

/**
 * How past updates take part in the next one. Let u be the update without momentum, which is g /
 * sqrt(nu) for SM3, and let m be 0 at first:
 *
 * <pre>
 *   average      m = beta * m + (1 - beta) * u,   w -= eta * m                  the authors'
 *   heavy ball   m = beta * m + u,                w -= eta * m
 *   Nesterov     m = beta * m + u,                w -= eta * (u + beta * m)
 * </pre>
 *
 * <p>Momentum costs one value per weight, in a {@link Format} of choice. {@link #none()} costs
 * nothing, since no buffer is allocated.
 *
 * <p>A step leaves the momentum and the weights of a parameter without a gradient as they are. The
 * same holds for the rows that a sparse gradient does not name. Momentum neither decays nor moves
 * weights there, whereas a dense gradient with zeros lets the weights coast.
 *
 * @param kind what becomes of u
 * @param beta how much of the old m stays, in [0, 1); 0 means no momentum
 * @param format how m is stored
 */
public record Momentum(Kind kind, double beta, Format format) {

  /** What becomes of an update; see {@link Momentum}. */
  public enum Kind {
    /** A moving average. The size of a step does not depend on beta. */
    AVERAGE,
    /** A decaying sum. Steady updates grow up to 1 / (1 - beta) times as large. */
    HEAVY_BALL,
    /** The heavy ball with a look ahead: the next step's share of m is added now. */
    NESTEROV
  }

  /** How momentum is stored between steps; it is computed in float32. */
  public enum Format {
    /** 4 bytes per weight. */
    FLOAT32,
    /** 2 bytes per weight, rounded as {@link Rounding} says. */
    BFLOAT16,
    /**
     * 1 byte per weight, and a float32 scale for every 64 weights of a row, or for what is left of
     * one. That is 17/16 bytes per weight where rows are long. The format is made for beta around
     * 0.9. At 0.99, small momentum beside large momentum fades too slowly.
     */
    INT8
  }

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
    return average(0);
  }

  /** A moving average that keeps {@code beta} of its past; 0 is {@link #none()}. */
  public static Momentum average(double beta) {
    return new Momentum(Kind.AVERAGE, beta, Format.FLOAT32);
  }

  /** A decaying sum of updates; 0 is {@link #none()}. */
  public static Momentum heavyBall(double beta) {
    return new Momentum(Kind.HEAVY_BALL, beta, Format.FLOAT32);
  }

  /** Nesterov's form of the heavy ball; 0 is {@link #none()}. */
  public static Momentum nesterov(double beta) {
    return new Momentum(Kind.NESTEROV, beta, Format.FLOAT32);
  }

  /** This momentum, stored in another format. */
  public Momentum stored(Format format) {
    return new Momentum(kind, beta, format);
  }

  /** Whether there is no momentum, and so no buffer. */
  public boolean isNone() {
    return beta == 0;
  }
}
