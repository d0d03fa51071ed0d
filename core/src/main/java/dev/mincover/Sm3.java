package dev.mincover;

import dev.mincover.internal.Coefficients;
import dev.mincover.schedule.Schedule;
import java.util.Collection;

/**
 * SM3-II of <a href="https://arxiv.org/abs/1901.11150">Anil, Gupta, Koren, Singer: Memory-Efficient
 * Adaptive Optimization</a>, algorithm SM3-II of section 3, under the cover by slices of
 * codimension one: a tensor of shape n_1 x ... x n_p keeps n_1 + ... + n_p accumulators mu. Ranks 0
 * and 1 keep one accumulator a weight, which is AdaGrad.
 *
 * <pre>
 *   nu(i) = min of mu(r) over the slices r that hold i, plus g(i)^2
 *   mu(r) = max of nu(i) over the slice r
 *   w(i) -= eta * g(i) / sqrt(nu(i) + epsilon),    0 where nu(i) + epsilon = 0
 * </pre>
 *
 * <p>All arithmetic is float32, each operation rounded once; accumulators are float32 always. A
 * gradient below about 1e-19 in magnitude squares into float32's subnormal range and loses
 * precision; one above 1.8e19 squares to infinity, and weights that only infinite accumulators
 * cover stop learning. Gradients are not checked: an infinite one or a NaN makes its weight NaN.
 *
 * @param learningRate eta by step, steps counted from 1
 * @param momentum none by default, and then no memory a weight
 * @param secondMoment the sum by default
 * @param epsilon added to nu under the root; 0 by default, the paper's rule; 1e-30 is what the
 *     authors' TensorFlow code adds; at least 0, and at least 2^-149 as float32 unless 0
 */
public record Sm3(
    Schedule learningRate, Momentum momentum, SecondMoment secondMoment, double epsilon)
    implements Optimizer {

  /**
   * Checks the range of epsilon; the other parts have checked themselves.
   *
   * @throws IllegalArgumentException if epsilon is negative, not finite, or vanishes in float32
   */
  public Sm3 {
    if (!(epsilon >= 0) || Float.isInfinite((float) epsilon)) {
      throw new IllegalArgumentException(
          "epsilon is %s; it must be 0 (the paper's rule) or a small positive number"
              .formatted(epsilon));
    }
    if (epsilon > 0 && (float) epsilon == 0) {
      throw new IllegalArgumentException(
          "epsilon is %s, which is 0 in float32; use 0 for the paper's rule or at least 1e-45"
              .formatted(epsilon));
    }
  }

  /**
   * SM3-II with a constant learning rate and the paper's defaults.
   *
   * @throws IllegalArgumentException if {@code eta} is negative or not finite
   */
  public static Sm3 learningRate(double eta) {
    return learningRate(Schedule.constant(eta));
  }

  /** SM3-II with a learning rate by step and the paper's defaults. */
  public static Sm3 learningRate(Schedule learningRate) {
    return new Sm3(learningRate, Momentum.none(), SecondMoment.sum(), 0);
  }

  /** This recipe with another momentum. */
  public Sm3 momentum(Momentum momentum) {
    return new Sm3(learningRate, momentum, secondMoment, epsilon);
  }

  /** This recipe with another second moment. */
  public Sm3 secondMoment(SecondMoment secondMoment) {
    return new Sm3(learningRate, momentum, secondMoment, epsilon);
  }

  /**
   * This recipe with another epsilon.
   *
   * @throws IllegalArgumentException if epsilon is negative, not finite, or vanishes in float32
   */
  public Sm3 epsilon(double epsilon) {
    return new Sm3(learningRate, momentum, secondMoment, epsilon);
  }

  @Override
  public BoundOptimizer bind(Collection<Parameter> parameters, int threads) {
    var coefficients = Coefficients.of(secondMoment.beta(), epsilon, momentum.beta());
    return new BoundOptimizer(learningRate, coefficients, parameters, threads);
  }
}
