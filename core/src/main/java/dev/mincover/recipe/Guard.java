package dev.mincover.recipe;

/**
 * What happens to a gradient that is infinite, NaN, or so large that its square overflows float32
 * (above 1.8446743e19 in magnitude, after clipping).
 *
 * <p>Weights are guarded too, where a format's range is small enough to be left: when a step has
 * moved a float16 weight beyond 65,504, it fails with a {@link
 * dev.mincover.NonFiniteWeightException} that names the weight. That shows only after the fact, so
 * that it holds for each of these choices, and the step is not undone. Weights in float32 and
 * bfloat16, which reach 3.4e38, are not checked.
 */
public enum Guard {
  /**
   * All gradients are read before the step; a bad one is refused with a {@link
   * dev.mincover.NonFiniteGradientException} that names it, and nothing has changed. The default.
   */
  REFUSE,

  /**
   * All gradients are read before the step; with a bad one no step is taken, and {@link
   * dev.mincover.Optimizer#skippedSteps} counts it. Neither weights, state, the number of steps nor
   * the schedule advance.
   */
  SKIP,

  /**
   * Gradients are read only once, by the step itself, which saves the time of one pass. The
   * accumulators show at its end whether a gradient was bad. The step then fails with a {@link
   * dev.mincover.NonFiniteGradientException} after the fact, and has spoiled weights and
   * accumulators.
   *
   * <p>This check costs nothing, with one exception: once finite squares have added up to infinity,
   * each step has to look for a culprit. Clipping by norm reads all gradients before the step, so
   * that a bad one is refused there. Clipping by value hides an infinite one.
   */
  UNCHECKED
}
