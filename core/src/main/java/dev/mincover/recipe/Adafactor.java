package dev.mincover.recipe;

import dev.mincover.schedule.Schedule;

/**
 * Adafactor of <a href="https://arxiv.org/abs/1804.04235">Shazeer and Stern</a>, algorithms 4 (of
 * matrices) and 5 (of vectors): the memory-efficient peer that SM3's paper compares with. For a
 * matrix it keeps averages of the squared gradients of each row, R, and each column, C. With t the
 * number of the parameter's steps, from 1:
 *
 * <pre>
 *   beta2 = 1 - t^-decayExponent
 *   R     = beta2 * R + (1 - beta2) * mean over the row of (g^2 + epsilon1)
 *   C     = beta2 * C + (1 - beta2) * mean over the column of (g^2 + epsilon1)
 *   u     = g / sqrt(R C / mean(R))
 *   u     = u / max(1, rms(u) / clippingThreshold)
 *   w    -= alpha * u (or alpha * its momentum),
 *           alpha = eta, or with relative steps eta * max(epsilon2, rms(w))
 * </pre>
 *
 * <p>Weight decay shrinks weights by alpha times its rate.
 *
 * <p>For a tensor of rank 3 or more, the last two axes are factored for every index of the other
 * axes. Scalars and vectors keep one average per weight. State is float32; means and their roots
 * are computed in double precision. One thread steps a whole tensor, and threads share the tensors.
 * Gradients must be dense.
 *
 * @param options what all optimizers have in common
 * @param relative whether eta is relative to the size of the weights
 * @param momentum of the clipped u; none by default
 * @param decayExponent in (0, 1]; 0.8 by default
 * @param epsilon1 added to squared gradients, above 0; 1e-30 by default
 * @param epsilon2 least size of weights for relative steps, above 0; 1e-3 by default
 * @param clippingThreshold largest root mean square of u, above 0; 1 by default; infinity is off
 */
public record Adafactor(
    Options options,
    boolean relative,
    Momentum momentum,
    double decayExponent,
    double epsilon1,
    double epsilon2,
    double clippingThreshold)
    implements Configurable<Adafactor> {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  public Adafactor {
    requirePositive("decayExponent", decayExponent, 0.8);
    if (decayExponent > 1) {
      throw new IllegalArgumentException(
          "decayExponent is %s; it must be at most 1, for example 0.8".formatted(decayExponent));
    }
    requirePositive("epsilon1", epsilon1, 1e-30);
    requirePositive("epsilon2", epsilon2, 1e-3);
    if (!(clippingThreshold > 0)) {
      throw new IllegalArgumentException(
          "clippingThreshold is %s; it must be above 0, for example 1, or infinite for none"
              .formatted(clippingThreshold));
    }
  }

  /**
   * With the relative step sizes of the paper: eta = min(0.01, 1 / sqrt(step)) times the size of
   * the weights.
   */
  public static Adafactor relativeStep() {
    return relativeStep(step -> Math.min(1e-2, 1 / Math.sqrt((double) step)));
  }

  /** With step sizes of one's own, relative to the size of the weights. */
  public static Adafactor relativeStep(Schedule eta) {
    return learningRate(eta).relative(true);
  }

  /**
   * With a constant learning rate that does not depend on the weights.
   *
   * @throws IllegalArgumentException if {@code eta} is negative or not finite
   */
  public static Adafactor learningRate(double eta) {
    return learningRate(Schedule.constant(eta));
  }

  /** With a learning rate by step that does not depend on the weights. */
  public static Adafactor learningRate(Schedule eta) {
    return new Adafactor(Options.of(eta), false, Momentum.none(), 0.8, 1e-30, 1e-3, 1);
  }

  /** This recipe with momentum. */
  public Adafactor momentum(Momentum momentum) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  /**
   * This recipe with averages that forget at another pace: beta2 = 1 - t^-decayExponent.
   *
   * @param decayExponent in (0, 1]
   * @throws IllegalArgumentException if it is out of range
   */
  public Adafactor decayExponent(double decayExponent) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  /**
   * This recipe with other least sizes.
   *
   * @param epsilon1 of squared gradients, above 0
   * @param epsilon2 of weights, above 0; for relative steps
   * @throws IllegalArgumentException if one is out of range
   */
  public Adafactor epsilons(double epsilon1, double epsilon2) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  /**
   * This recipe with another bound on the root mean square of u.
   *
   * @param clippingThreshold above 0; infinity is off
   * @throws IllegalArgumentException if it is not above 0
   */
  public Adafactor clippingThreshold(double clippingThreshold) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  private Adafactor relative(boolean relative) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  @Override
  public Adafactor with(Options options) {
    return new Adafactor(
        options, relative, momentum, decayExponent, epsilon1, epsilon2, clippingThreshold);
  }

  private static void requirePositive(String name, double value, double example) {
    if (!(value > 0) || Double.isInfinite(value) || (float) value == 0) {
      throw new IllegalArgumentException(
          "%s is %s; it must be above 0 and finite, for example %s"
              .formatted(name, value, example));
    }
  }
}
