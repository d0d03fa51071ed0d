package dev.mincover.nd4j;

import dev.mincover.schedule.Schedule;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonProperty;

/**
 * A {@link Schedule} of Mincover's as one of ND4J's, which goes through JSON: a constant, and what
 * changes it, the innermost first. ND4J counts iterations from 0, and Mincover steps from 1.
 */
public final class RateSchedule implements ISchedule {

  private static final long serialVersionUID = 1;

  private final double eta;
  private final Change[] changes;

  /** How a schedule changes the one that it is made from. */
  enum Kind {
    WARMUP,
    COOLDOWN,
    INVERSE_SQRT
  }

  /**
   * A change of a schedule.
   *
   * @param steps of the warm-up, of the whole training, or before the decay starts
   * @param number the warm-up's power or the cool-down's fraction; 0 otherwise
   */
  record Change(
      @JsonProperty("kind") Kind kind,
      @JsonProperty("steps") long steps,
      @JsonProperty("number") double number)
      implements Serializable {

    Schedule of(Schedule schedule) {
      return switch (kind) {
        case WARMUP -> schedule.warmup(steps, number);
        case COOLDOWN -> schedule.cooldown(steps, number);
        case INVERSE_SQRT -> schedule.inverseSqrt(steps);
      };
    }
  }

  private RateSchedule(@JsonProperty("eta") double eta, @JsonProperty("changes") Change[] changes) {
    this.eta = eta;
    this.changes = changes.clone();
    schedule(); // Checks the ranges.
  }

  /**
   * Returns a schedule that JSON can hold: a constant with warm-ups, cool-downs and inverse square
   * roots.
   *
   * @throws IllegalArgumentException if it is of another kind, such as a lambda
   */
  public static RateSchedule of(Schedule schedule) {
    List<Change> changes = new ArrayList<>();
    Schedule inner = schedule;
    while (!(inner instanceof Schedule.Constant)) {
      inner =
          switch (inner) {
            case Schedule.Warmup warmup -> {
              changes.addFirst(new Change(Kind.WARMUP, warmup.steps(), warmup.power()));
              yield warmup.schedule();
            }
            case Schedule.Cooldown cooldown -> {
              changes.addFirst(
                  new Change(Kind.COOLDOWN, cooldown.totalSteps(), cooldown.fraction()));
              yield cooldown.schedule();
            }
            case Schedule.InverseSqrt inverse -> {
              changes.addFirst(new Change(Kind.INVERSE_SQRT, inverse.steps(), 0));
              yield inverse.schedule();
            }
            default ->
                throw new IllegalArgumentException(
                    "the schedule %s cannot be written as JSON; give setLrAndSchedule one of ND4J's, such as a MapSchedule"
                        .formatted(inner));
          };
    }
    return new RateSchedule(inner.at(1), changes.toArray(Change[]::new));
  }

  private Schedule schedule() {
    Schedule schedule = Schedule.constant(eta);
    for (Change change : changes) {
      schedule = change.of(schedule);
    }
    return schedule;
  }

  /**
   * The learning rate of an iteration.
   *
   * @param iteration from 0
   * @param epoch ignored
   */
  @Override
  public double valueAt(int iteration, int epoch) {
    return schedule().at(iteration + 1L);
  }

  @Override
  public RateSchedule clone() {
    return new RateSchedule(eta, changes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RateSchedule that
        && eta == that.eta
        && Arrays.equals(changes, that.changes);
  }

  @Override
  public int hashCode() {
    return Double.hashCode(eta) + Arrays.hashCode(changes);
  }

  @Override
  public String toString() {
    return "RateSchedule(%s, %s)".formatted(eta, List.of(changes));
  }
}
