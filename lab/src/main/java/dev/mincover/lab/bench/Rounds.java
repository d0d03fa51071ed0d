package dev.mincover.lab.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;
import java.util.random.RandomGenerator;

/**
 * Times steppers in turn: in every round each takes its sample once, in an order that is drawn
 * anew, so that what else the machine does, and what lies in its caches, falls on all alike.
 */
final class Rounds {

  private static final int LEAST = 11;
  private static final int MOST = 1001;

  /** What a sample should take at least, so that what happens only now and then counts little. */
  private static final long SAMPLE_NANOS = 200_000;

  /** So many rounds should fit, whatever a sample then takes. */
  private static final int WANTED = 31;

  /** Who takes longer is steady enough for every other round, and leaves time for the others. */
  private static final long SLOW_NANOS = 250_000_000;

  private static final long WARM_UP_NANOS = 30_000_000;

  /**
   * What one stepper took.
   *
   * @param nanos of a step, median over the rounds
   * @param ratio to the first stepper's time in the same round, median over the rounds
   */
  record Timing(double nanos, double ratio) {}

  private final List<Stepper> steppers;
  private final RandomGenerator random;
  private final long slowNanos;

  /** By stepper, then by round: nanoseconds of a step, or NaN if it sat out. */
  private final double[][] samples;

  private int rounds;

  /**
   * Rounds to come.
   *
   * @param steppers the first is the unit of the others
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

  /** Takes steps of each stepper for at least so long, untimed. */
  static void warmUp(List<Stepper> steppers, long nanos) {
    for (Stepper stepper : steppers) {
      long start = System.nanoTime();
      do {
        stepper.step();
      } while (System.nanoTime() - start < nanos);
    }
  }

  /**
   * Warms up and takes rounds, some at least and more while there is time.
   *
   * @param nanos for all of it
   * @param progress told how much of it is done, from 0 to 1
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

  /** How many steps make a sample, of the fastest stepper as of all others. */
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

  /** How many rounds were taken. */
  int rounds() {
    return rounds;
  }

  /** What the steppers took, in their order. */
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

  /** Of at least one value that is a number, and of these alone. */
  static double median(double[] values) {
    double[] sorted =
        Arrays.stream(values).filter(value -> !Double.isNaN(value)).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
