package dev.mincover.recipe;

/**
 * How stepped weights are rounded to bfloat16 or float16, and momentum to bfloat16; what is float32
 * is not rounded again.
 *
 * <p>To nearest, an update below half the distance between neighbouring values is lost, every time:
 * training stalls once updates are small. Stochastic rounding goes up or down with probabilities
 * that make it right on average, so that small updates add up. Its random bits are a function of
 * the seed, the step, the parameter's name and the weight's index alone: the same for any number of
 * threads.
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
