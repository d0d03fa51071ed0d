package dev.mincover.recipe;

import dev.mincover.schedule.Schedule;

/**
 * Adam of <a href="https://arxiv.org/abs/1412.6980">Kingma and Ba</a>, algorithm 1: the reference
 * that SM3 is compared with. It keeps two float32 values per weight. With t the number of the
 * parameter's steps, from 1:
 *
 * <pre>
 *   m = beta1 * m + (1 - beta1) * g
 *   v = beta2 * v + (1 - beta2) * g^2
 *   w -= eta * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon),
 *        0 where the denominator is 0
 * </pre>
 *
 * <p>With {@link #weightDecay weight decay} this is AdamW (arXiv:1711.05101). Gradients are dense.
 *
 * @param options what all optimizers have in common
 * @param beta1 in [0, 1); 0.9 by default
 * @param beta2 in [0, 1); 0.999 by default
 * @param epsilon at least 0; 1e-8 by default
 */
public record Adam(Options options, double beta1, double beta2, double epsilon)
    implements Configurable<Adam> {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  public Adam {
    requireBeta("beta1", beta1);
    requireBeta("beta2", beta2);
    if (!(epsilon >= 0) || Float.isInfinite((float) epsilon)) {
      throw new IllegalArgumentException(
          "epsilon is %s; it must be finite and at least 0, for example 1e-8".formatted(epsilon));
    }
    if (epsilon > 0 && (float) epsilon == 0) {
      throw new IllegalArgumentException(
          "epsilon is %s, which is 0 in float32; use 0 or at least 1e-45".formatted(epsilon));
    }
  }

  /**
   * Adam with a constant learning rate and the paper's defaults.
   *
   * @throws IllegalArgumentException if {@code eta} is negative or not finite
   */
  public static Adam learningRate(double eta) {
    return learningRate(Schedule.constant(eta));
  }

  /** Adam with a learning rate by step and the paper's defaults. */
  public static Adam learningRate(Schedule learningRate) {
    return new Adam(Options.of(learningRate), 0.9, 0.999, 1e-8);
  }

  /**
   * This recipe with other averages.
   *
   * @param beta1 in [0, 1)
   * @param beta2 in [0, 1)
   * @throws IllegalArgumentException if a value is out of range
   */
  public Adam betas(double beta1, double beta2) {
    return new Adam(options, beta1, beta2, epsilon);
  }

  /**
   * This recipe with another epsilon.
   *
   * @throws IllegalArgumentException if it is negative or not finite
   */
  public Adam epsilon(double epsilon) {
    return new Adam(options, beta1, beta2, epsilon);
  }

  @Override
  public Adam with(Options options) {
    return new Adam(options, beta1, beta2, epsilon);
  }

  private static void requireBeta(String name, double beta) {
    if (!(beta >= 0 && beta < 1)) {
      throw new IllegalArgumentException(
          "%s is %s; it must be at least 0 and below 1, for example 0.9".formatted(name, beta));
    }
  }
}
