package dev.mincover.lab.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.random.RandomGenerator;

/**
 * Times optimizers in turn. In every round each optimizer takes one sample, in an order that is
 * drawn anew. Other load on the machine and the content of its caches then affect all alike.
 */
final class Rounds {

  private static final int LEAST = 11;
  private static final int MOST = 1001;

  /** The time that a sample should take at least, so that rare events matter little. */
  private static final long SAMPLE_NANOS = 200_000;

  /** The number of rounds that should fit into the time, even with shorter samples. */
  private static final int WANTED = 31;

  /**
   * The time of a step above which an optimizer takes part in every other round only. Such steps
   * vary little, and the others get more time.
   */
  private static final long SLOW_NANOS = 250_000_000;

  private static final long WARM_UP_NANOS = 30_000_000;

  /**
   * The time of one optimizer.
   *
   * @param nanos per step, median over the rounds
   * @param ratio to the time of the first optimizer in the same round, median over the rounds
   */
  record Timing(double nanos, double ratio) {}

  private final List<Stepper> steppers;
  private final RandomGenerator random;
  private final long slowNanos;

  /** Nanoseconds per step by optimizer and round; NaN if the optimizer did not take part. */
  private final double[][] samples;

  private int rounds;

  /**
   * Prepares the rounds.
   *
   * @param steppers the others are compared with the first
   * @param random draws the order
   */
  Rounds(List<Stepper> steppers, RandomGenerator random) {
    this(steppers, random, SLOW_NANOS);
  }

  Rounds(List<Stepper> steppers, RandomGenerator random, long slowNanos) {
    this.slowNanos = slowNanos;
    this.steppers = steppers;
    this.random = random;
    samples = new double[steppers.size()][MOST];
  }

  /** Takes untimed steps with each optimizer for at least this long. */
  static void warmUp(List<Stepper> steppers, long nanos) {
    for (Stepper stepper : steppers) {
      long start = System.nanoTime();
      do {
        stepper.step();
      } while (System.nanoTime() - start < nanos);
    }
  }

  /**
   * Warms up, then takes the minimum of rounds, and more while there is time.
   *
   * @param nanos for everything
   * @param progress called with the share that is done, from 0 to 1
   */
  void run(long nanos, DoubleConsumer progress) {
    long start = System.nanoTime();
    warmUp(steppers, WARM_UP_NANOS);
    int steps = stepsOfASample(nanos);
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < steppers.size(); i++) {
      order.add(i);
    }
    for (rounds = 0; rounds < MOST; rounds++) {
      double time = (double) (System.nanoTime() - start) / nanos;
      if (rounds >= LEAST && time >= 1) {
        break;
      }
      progress.accept(Math.min(time, rounds >= LEAST ? 1 : (double) rounds / LEAST));
      shuffle(order);
      for (int i : order) {
        samples[i][rounds] =
            sitsOut(i) ? Double.NaN : (double) sample(steppers.get(i), steps) / steps;
      }
    }
  }

  private boolean sitsOut(int i) {
    return i > 0 && rounds % 2 == 1 && samples[i][rounds - 1] > slowNanos;
  }

  /**
   * Returns the number of steps of a sample, which is the same for all optimizers and chosen by the
   * fastest.
   */
  private int stepsOfASample(long nanos) {
    long round = 0;
    long least = Long.MAX_VALUE;
    for (Stepper stepper : steppers) {
      long sample = Math.max(1, sample(stepper, 1));
      round += sample;
      least = Math.min(least, sample);
    }
    return (int) Math.clamp(nanos / WANTED / round, 1, Math.ceilDiv(SAMPLE_NANOS, least));
  }

  private static long sample(Stepper stepper, int steps) {
    long start = System.nanoTime();
    for (int i = 0; i < steps; i++) {
      stepper.step();
    }
    return System.nanoTime() - start;
  }

  private void shuffle(List<Integer> order) {
    for (int i = order.size(); i > 1; i--) {
      int other = random.nextInt(i);
      order.set(i - 1, order.set(other, order.get(i - 1)));
    }
  }

  /** The number of rounds taken. */
  int rounds() {
    return rounds;
  }

  /** The times of the optimizers, in their order. */
  List<Timing> timings() {
    List<Timing> timings = new ArrayList<>();
    for (double[] sample : samples) {
      double[] nanos = Arrays.copyOf(sample, rounds);
      double[] ratios = new double[rounds];
      Arrays.setAll(ratios, round -> nanos[round] / samples[0][round]);
      timings.add(new Timing(median(nanos), median(ratios)));
    }
    return timings;
  }

  /** Returns the median of the values that are numbers, of which there must be one. */
  static double median(double[] values) {
    double[] sorted =
        Arrays.stream(values).filter(value -> !Double.isNaN(value)).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
