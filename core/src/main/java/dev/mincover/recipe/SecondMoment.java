package dev.mincover.recipe;

/**
 * How squared gradients add up in nu.
 *
 * <ul>
 *   <li>The sum, as in the paper: nu = min(mu) + g^2. Learning rates decay by themselves.
 *   <li>A moving average: nu = beta * min(mu) + (1 - beta) * g^2, and then mu is the maximum of nu
 *       over its set, whatever mu was before: accumulators shrink again once gradients do.
 * </ul>
 *
 * @param beta how much of the past stays, in (0, 1]; 1 is the sum
 */
public record SecondMoment(double beta) {

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if beta is not in (0, 1]
   */
  public SecondMoment {
    if (!(beta > 0 && beta <= 1)) {
      throw new IllegalArgumentException(
          "second-moment beta is %s; it must be above 0 and at most 1, where 1 is the sum"
              .formatted(beta));
    }
  }

  /** The sum of the paper. */
  public static SecondMoment sum() {
    return new SecondMoment(1);
  }

  /** A moving average that keeps {@code beta} of its past, for example 0.95. */
  public static SecondMoment average(double beta) {
    return new SecondMoment(beta);
  }
}
