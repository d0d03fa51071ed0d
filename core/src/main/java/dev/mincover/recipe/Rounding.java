package dev.mincover.recipe;

/**
 * How a step rounds weights to bfloat16 or float16, and momentum to bfloat16. Values kept in
 * float32 are not rounded again.
 *
 * <p>Rounding to nearest loses every update below half the distance between neighbouring values, so
 * that training stalls once updates are small. Stochastic rounding goes up or down at random and is
 * right on average, so that small updates add up. Its random bits depend only on the seed, the
 * step, the parameter's name and the weight's index. They are the same for any number of threads.
 *
 * @param stochastic whether to round up or down at random; to nearest, ties to even, otherwise
 * @param seed of the random bits; unused to nearest
 */
public record Rounding(boolean stochastic, long seed) {

  /** To the nearest value, ties to even. */
  public static Rounding nearest() {
    return new Rounding(false, 0);
  }

  /** Up or down at random, right on average. */
  public static Rounding stochastic(long seed) {
    return new Rounding(true, seed);
  }
}
