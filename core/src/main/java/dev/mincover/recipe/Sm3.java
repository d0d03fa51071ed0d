package dev.mincover.recipe;

import dev.mincover.cover.Cover;
import dev.mincover.schedule.Schedule;
import java.util.Collection;

/**
 * SM3 of <a href="https://arxiv.org/abs/1901.11150">Anil, Gupta, Koren, Singer: Memory-Efficient
 * Adaptive Optimization</a>, algorithms SM3-I and SM3-II of section 3. With mu(r) an accumulator
 * for each set S_r of a cover:
 *
 * <pre>
 *   SM3-I    mu(r) = mu(r) + max of g(j)^2 over the set r
 *            nu(i) = min of mu(r) over the sets r that hold i
 *   SM3-II   nu(i) = min of mu(r) over the sets r that hold i, plus g(i)^2
 *            mu(r) = max of nu(i) over the set r
 *   both     w(i) -= eta * g(i) / sqrt(nu(i) + epsilon),    0 where nu(i) + epsilon = 0
 * </pre>
 *
 * <p>All arithmetic is float32, and each operation is rounded once. Accumulators are always
 * float32. The square of a gradient below about 1e-19 in magnitude is subnormal in float32 and
 * loses precision. {@link Guard} says what happens to gradients that are not finite, or whose
 * square is not. A sum of finite squares that exceeds float32 becomes an infinite accumulator, and
 * weights that only such accumulators cover stop learning.
 *
 * @param options what all optimizers have in common
 * @param algorithm SM3-II by default
 * @param cover by parameter; slices by default
 * @param momentum none by default; without it there is no memory per weight
 * @param secondMoment the sum by default
 * @param epsilon added to nu under the root, at least 0. The default of 0 is the paper's rule. The
 *     authors' TensorFlow code adds 1e-30. A value above 0 must not vanish in float32, whose least
 *     positive value is 2^-149
 */
public record Sm3(
    Options options,
    Algorithm algorithm,
    ByName<Cover> cover,
    Momentum momentum,
    SecondMoment secondMoment,
    double epsilon)
    implements Configurable<Sm3> {

  /** Which of the paper's two algorithms keeps the accumulators. */
  public enum Algorithm {
    /** Adds up the largest squared gradient of every set. It takes two passes over a gradient. */
    SM3_I,
    /** Its statistics are never larger than those of SM3-I. It takes one pass over a gradient. */
    SM3_II
  }

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
    return new Sm3(
        Options.of(learningRate),
        Algorithm.SM3_II,
        ByName.always(Cover.slices()),
        Momentum.none(),
        SecondMoment.sum(),
        0);
  }

  /**
   * AdaGrad, which is SM3 under the cover by singletons: nu is the sum of a weight's own squared
   * gradients. Duchi, Hazan, Singer: Adaptive Subgradient Methods (2011), diagonal case.
   *
   * @throws IllegalArgumentException if {@code eta} is negative or not finite
   */
  public static Sm3 adaGrad(double eta) {
    return adaGrad(Schedule.constant(eta));
  }

  /** {@link #adaGrad(double) AdaGrad} with a learning rate by step. */
  public static Sm3 adaGrad(Schedule learningRate) {
    return learningRate(learningRate).cover(Cover.singletons());
  }

  /** This recipe with another algorithm. */
  public Sm3 algorithm(Algorithm algorithm) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  /** This recipe with another cover for all parameters; choices by name are dropped. */
  public Sm3 cover(Cover cover) {
    return cover(ByName.always(cover));
  }

  /**
   * This recipe with another cover for some parameters.
   *
   * @param pattern over the names of parameters; see {@link ByName}
   */
  public Sm3 cover(String pattern, Cover cover) {
    return cover(this.cover.with(pattern, cover));
  }

  private Sm3 cover(ByName<Cover> cover) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  /** This recipe with another momentum. */
  public Sm3 momentum(Momentum momentum) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  /** This recipe with another second moment. */
  public Sm3 secondMoment(SecondMoment secondMoment) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  /**
   * This recipe with another epsilon.
   *
   * @throws IllegalArgumentException if epsilon is negative, not finite, or vanishes in float32
   */
  public Sm3 epsilon(double epsilon) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  @Override
  public Sm3 with(Options options) {
    return new Sm3(options, algorithm, cover, momentum, secondMoment, epsilon);
  }

  @Override
  public void requireMatches(Collection<String> names) {
    cover.requireMatches("a cover", names);
    Configurable.super.requireMatches(names);
  }
}
