package dev.mincover.lab.replay;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What came of running a recording's gradients through Mincover, in float32 and on one thread.
 *
 * @param file where the recording was read from
 * @param name of the sequence
 * @param shape of its weights
 * @param steps recorded
 * @param comparedSteps of them that were taken and have recorded weights
 * @param largestDifference of a weight to the recorded one, over all weights and steps compared;
 *     null if nothing was compared, or if somewhere only one of the two is finite, as message then
 *     says
 * @param step at which it first was so large, from 1; null if nothing differs
 * @param index of that weight, a number an axis; null if nothing differs
 * @param within whether all steps were taken and no difference is above the tolerance
 * @param stoppedAt step that was refused, so that it and later ones were not taken; null if none
 * @param message why not all steps were taken, or which weight is not finite; null if neither
 * @param likelyReason which known difference of other implementations explains it; null if all is
 *     within the tolerance, or none does
 */
public record Replay(
    String file,
    String name,
    List<Long> shape,
    int steps,
    int comparedSteps,
    @Nullable Double largestDifference,
    @Nullable Integer step,
    @Nullable List<Long> index,
    boolean within,
    @Nullable Integer stoppedAt,
    @Nullable String message,
    @Nullable String likelyReason) {

  /**
   * Takes the recorded steps.
   *
   * @param tolerance how large an absolute difference may be, at least 0
   */
  public static Replay of(Recording recording, double tolerance) {
    Replay replay = once(recording, tolerance);
    return replay.within || replay.stoppedAt != null
        ? replay
        : LikelyReason.of(recording, tolerance).map(replay::because).orElse(replay);
  }

  private Replay because(String reason) {
    return new Replay(
        file,
        name,
        shape,
        steps,
        comparedSteps,
        largestDifference,
        step,
        index,
        within,
        stoppedAt,
        message,
        reason);
  }

  /** The same, without a look for the reason. */
  static Replay once(Recording recording, double tolerance) {
    if (recording.compatibility() == Compatibility.KEEP_MAX) {
      return keepMax(recording, tolerance);
    }
    float[] weights = recording.initial().clone();
    Difference difference = new Difference();
    String stopped = null;
    int taken = 0;
    try (Optimizer optimizer =
        Optimizer.bind(recording.recipe(), List.of(recording.parameter(weights)), 1)) {
      for (Recording.Step step : recording.steps()) {
        stopped = take(optimizer, recording.name(), step, taken + 1);
        if (stopped != null) {
          break;
        }
        taken++;
        if (step.weights() != null) {
          difference.add(taken, weights, step.weights());
        }
      }
    }
    return difference.replay(recording, tolerance, taken, stopped);
  }

  private static Replay keepMax(Recording recording, double tolerance) {
    KeepMaxSm3 optimizer = new KeepMaxSm3(recording);
    Difference difference = new Difference();
    int taken = 0;
    for (Recording.Step step : recording.steps()) {
      float[] weights = optimizer.step(step.gradient());
      taken++;
      if (step.weights() != null) {
        difference.add(taken, weights, step.weights());
      }
    }
    return difference.replay(recording, tolerance, taken, null);
  }

  /** Takes step t; if its gradient is refused, returns why. */
  private static @Nullable String take(
      Optimizer optimizer, String name, Recording.Step step, int t) {
    try {
      optimizer.step(Map.of(name, step.gradient()));
      return null;
    } catch (NonFiniteGradientException e) {
      return "stopped at step %d: the gradient is %s at %s%s; leave out steps that were skipped"
          .formatted(
              t,
              e.value(),
              Arrays.toString(e.index()),
              Float.isFinite(e.value()) ? ", too large to square in float32" : "");
    }
  }

  /** Where weights differ most so far. */
  private static final class Difference {
    private double largest;
    private int step;
    private int index;
    private int compared;
    private String pair = "";

    void add(int step, float[] weights, double[] recorded) {
      compared++;
      for (int i = 0; i < weights.length; i++) {
        double difference = between(weights[i], recorded[i]);
        if (difference > largest) {
          largest = difference;
          this.step = step;
          index = i;
          if (Double.isInfinite(difference)) {
            pair =
                "not finite: Mincover has %s, the recording %s".formatted(weights[i], recorded[i]);
          }
        }
      }
    }

    /** What came of it, after so many steps, and why no more if no more were taken. */
    Replay replay(Recording recording, double tolerance, int taken, @Nullable String stopped) {
      String message =
          Stream.of(pair, stopped == null ? "" : stopped)
              .filter(part -> !part.isEmpty())
              .collect(Collectors.joining("; "));
      return new Replay(
          recording.file(),
          recording.name(),
          Arrays.stream(recording.shape().dimensions()).boxed().toList(),
          recording.steps().size(),
          compared,
          compared > 0 && Double.isFinite(largest) ? largest : null,
          step == 0 ? null : step,
          step == 0 ? null : axes(index, recording.shape()),
          stopped == null && largest <= tolerance,
          stopped == null ? null : taken + 1,
          message.isEmpty() ? null : message,
          null);
    }

    /** What is not finite can only be equal, or infinitely far away. */
    private static double between(double weight, double recorded) {
      if (Double.compare(weight, recorded) == 0) {
        return 0;
      }
      double difference = Math.abs(weight - recorded);
      return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
    }
  }

  private static List<Long> axes(long position, Shape shape) {
    Long[] index = new Long[shape.rank()];
    for (int axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = position % shape.dimension(axis);
      position /= shape.dimension(axis);
    }
    return List.of(index);
  }
}
