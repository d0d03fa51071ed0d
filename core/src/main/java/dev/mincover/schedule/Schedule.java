package dev.mincover.schedule;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;

/**
 * A learning rate as a plain function of the step. Steps count from 1. Any lambda is a schedule;
 * the ones made here compose:
 *
 * <pre>{@code
 * Schedule.constant(0.1).warmup(2_000, 2).cooldown(40_000, 0.1)
 * }</pre>
 *
 * SM3 needs no decay from outside: its growing accumulators are the decay.
 */
@FunctionalInterface
public interface Schedule {

  /**
   * The learning rate of one step.
   *
   * @param step from 1
   * @return finite and at least 0
   */
  double at(long step);

  /**
   * The same learning rate at every step.
   *
   * @throws IllegalArgumentException if {@code eta} is negative or not finite
   */
  static Schedule constant(double eta) {
    return new Constant(eta);
  }

  /**
   * Other schedules from given steps on: at step t the one that is given for the last step up to t.
   * Each of them sees t itself, not the steps since it took over.
   *
   * <pre>{@code
   * Schedule.piecewise(Map.of(1L, Schedule.constant(0.1), 8_001L, Schedule.constant(0.01)))
   * }</pre>
   *
   * @param pieces by the first step they hold for, the least of which is 1; copied
   * @throws IllegalArgumentException if none holds for step 1, or one starts before it
   */
  static Schedule piecewise(Map<Long, Schedule> pieces) {
    return new Piecewise(new TreeMap<>(pieces));
  }

  /**
   * This schedule times min(1, (t / steps)^power): it ramps up from almost nothing to this
   * schedule, which it equals from step {@code steps} on. The authors prefer power 2 over about 5 %
   * of all steps (section 4 of the paper and their code's notes).
   *
   * @param steps how long the warm-up takes; 0 is none
   * @param power above 0; 1 is linear, 2 quadratic
   * @throws IllegalArgumentException if either is out of range
   */
  default Schedule warmup(long steps, double power) {
    return new Warmup(this, steps, power);
  }

  /**
   * This schedule, sinking linearly towards 0 over the last {@code fraction} of {@code totalSteps},
   * in place of averaging the weights. With n steps of cool-down the k-th has (n + 1 - k) / (n + 1)
   * of this schedule, so that the last step still moves; later steps have 0.
   *
   * @param totalSteps the length of the whole training; at least 1
   * @param fraction in [0, 1]; 0 is no cool-down (and no end)
   * @throws IllegalArgumentException if either is out of range
   */
  default Schedule cooldown(long totalSteps, double fraction) {
    return new Cooldown(this, totalSteps, fraction);
  }

  /**
   * This schedule times min(1, sqrt(steps / t)): it is this schedule up to step {@code steps} and
   * decays with the inverse square root of t from there on. After a warm-up of as many steps that
   * is the schedule of the first Transformers.
   *
   * @param steps how long the rate stays whole; at least 1
   * @throws IllegalArgumentException if it is below 1
   */
  default Schedule inverseSqrt(long steps) {
    return new InverseSqrt(this, steps);
  }

  /** The learning rates of steps 1 to {@code steps}, for plots and tables. */
  default DoubleStream over(long steps) {
    return LongStream.rangeClosed(1, steps).mapToDouble(this::at);
  }

  /** See {@link Schedule#constant}. */
  record Constant(double eta) implements Schedule {
    /** Checks the range. */
    public Constant {
      if (!(eta >= 0) || Double.isInfinite(eta)) {
        throw new IllegalArgumentException(
            "learning rate is %s; it must be finite and at least 0, for example 0.1"
                .formatted(eta));
      }
    }

    @Override
    public double at(long step) {
      return eta;
    }
  }

  /** See {@link Schedule#piecewise}. */
  record Piecewise(NavigableMap<Long, Schedule> pieces) implements Schedule {
    /** Copies the pieces and checks where they start. */
    public Piecewise {
      pieces = Collections.unmodifiableNavigableMap(new TreeMap<>(pieces));
      if (pieces.isEmpty() || pieces.firstKey() != 1) {
        throw new IllegalArgumentException(
            "piecewise schedules start at steps %s; the first must start at step 1"
                .formatted(pieces.keySet()));
      }
    }

    @Override
    public double at(long step) {
      return requireNonNull(pieces.floorEntry(step)).getValue().at(step);
    }
  }

  /** See {@link Schedule#warmup}. */
  record Warmup(Schedule schedule, long steps, double power) implements Schedule {
    /** Checks the ranges. */
    public Warmup {
      if (steps < 0) {
        throw new IllegalArgumentException(
            "warm-up takes %d steps; it must be at least 0".formatted(steps));
      }
      if (!(power > 0) || Double.isInfinite(power)) {
        throw new IllegalArgumentException(
            "warm-up power is %s; it must be above 0, for example 2".formatted(power));
      }
    }

    @Override
    public double at(long step) {
      double eta = schedule.at(step);
      return step >= steps ? eta : eta * Math.pow((double) step / steps, power);
    }
  }

  /** See {@link Schedule#inverseSqrt}. */
  record InverseSqrt(Schedule schedule, long steps) implements Schedule {
    /** Checks the range. */
    public InverseSqrt {
      if (steps < 1) {
        throw new IllegalArgumentException(
            "the inverse square root starts after %d steps; it must be at least 1"
                .formatted(steps));
      }
    }

    @Override
    public double at(long step) {
      double eta = schedule.at(step);
      return step <= steps ? eta : eta * Math.sqrt((double) steps / step);
    }
  }

  /** See {@link Schedule#cooldown}. */
  record Cooldown(Schedule schedule, long totalSteps, double fraction) implements Schedule {
    /** Checks the ranges. */
    public Cooldown {
      if (totalSteps < 1) {
        throw new IllegalArgumentException(
            "cool-down of a training of %d steps; it must have at least 1".formatted(totalSteps));
      }
      if (!(fraction >= 0 && fraction <= 1)) {
        throw new IllegalArgumentException(
            "cool-down fraction is %s; it must be at least 0 and at most 1, for example 0.1"
                .formatted(fraction));
      }
    }

    @Override
    public double at(long step) {
      double eta = schedule.at(step);
      long length = Math.round(fraction * totalSteps);
      long after = totalSteps - step; // Steps that are still to come; adding 1 might overflow.
      if (length == 0 || after >= length) {
        return eta;
      }
      return after < 0 ? 0 : eta * (after + 1.0) / (length + 1.0);
    }
  }
}
