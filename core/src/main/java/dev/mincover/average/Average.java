package dev.mincover.average;

/**
 * An average of the weights over the steps. It is kept in float32 beside the weights and takes 4
 * bytes per weight. It often generalises better than the last weights, which still move with the
 * learning rate.
 *
 * <p>Every step updates the average of every parameter that learns, with or without a gradient.
 */
public sealed interface Average {

  /** No average, and no memory for one. */
  static Average none() {
    return new None();
  }

  /**
   * An exponential moving average with the ramp of TensorFlow's {@code ExponentialMovingAverage}:
   * after step n, which counts from 1,
   *
   * <pre>
   *   d   = min(decay, (1 + n) / (10 + n))
   *   avg = avg - (1 - d) * (avg - w),      avg = w before the first step
   * </pre>
   *
   * so that early steps, when little has been learned, count for less later on.
   *
   * @param decay in [0, 1), for example 0.999
   * @throws IllegalArgumentException if it is out of range
   */
  static Average polyak(double decay) {
    return new Polyak(decay);
  }

  /**
   * The mean of the weights after each step from {@code start} on; before that, the weights
   * themselves.
   *
   * @param start the first step that counts, from 1
   * @throws IllegalArgumentException if it is below 1
   */
  static Average tail(long start) {
    return new Tail(start);
  }

  /**
   * How far the average moves towards the weights after a step.
   *
   * @param step from 1
   * @return in [0, 1]: a in avg = avg - a * (avg - w)
   */
  double weightOf(long step);

  /** See {@link Average#none}. */
  record None() implements Average {
    @Override
    public double weightOf(long step) {
      return 0;
    }
  }

  /** See {@link Average#polyak}. */
  record Polyak(double decay) implements Average {
    /** Checks the range. */
    public Polyak {
      if (!(decay >= 0 && decay < 1)) {
        throw new IllegalArgumentException(
            "decay of the average is %s; it must be at least 0 and below 1, for example 0.999"
                .formatted(decay));
      }
    }

    @Override
    public double weightOf(long step) {
      return 1 - Math.min(decay, (1.0 + step) / (10.0 + step));
    }
  }

  /** See {@link Average#tail}. */
  record Tail(long start) implements Average {
    /** Checks the range. */
    public Tail {
      if (start < 1) {
        throw new IllegalArgumentException(
            "the average starts at step %d; steps count from 1".formatted(start));
      }
    }

    @Override
    public double weightOf(long step) {
      return step <= start ? 1 : 1.0 / (step - start + 1);
    }
  }
}
