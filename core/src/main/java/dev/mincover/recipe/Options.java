package dev.mincover.recipe;

import dev.mincover.average.Average;
import dev.mincover.schedule.Schedule;
import java.util.function.Consumer;

/**
 * What every optimizer's recipe says besides its own rule. Let d be the rule's direction for a
 * weight (g / sqrt(nu) for SM3 without momentum), lambda its decay, and s the multiplier of its
 * parameter. A step is then
 *
 * <pre>
 *   w = w * (1 - eta * s * lambda) - eta * s * d
 * </pre>
 *
 * @param schedule eta by step, steps counted from 1
 * @param multiplier s by parameter; at least 0, and 1 by default
 * @param weightDecay lambda by parameter, decoupled from the gradient; at least 0, and 0 by
 *     default. With relative steps of {@link Adafactor}, eta here and above is its step size alpha
 * @param clipValue the largest magnitude of a gradient's value, to which larger ones are cut before
 *     anything else; infinity switches it off
 * @param clipNorm the largest Euclidean norm of all gradients together, over all parameters, to
 *     which they are scaled down after that; infinity switches it off
 * @param maximise whether weights climb the gradient; off by default
 * @param guard what happens to a gradient that is not finite; refused by default
 * @param rounding of weights and momentum kept in 16 bits; to nearest by default
 * @param average of the weights over the steps, kept beside them; none by default
 */
public record Options(
    Schedule schedule,
    ByName<Double> multiplier,
    ByName<Double> weightDecay,
    double clipValue,
    double clipNorm,
    boolean maximise,
    Guard guard,
    Rounding rounding,
    Average average) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a value is out of range
   */
  public Options {
    require(multiplier, "learning-rate multiplier");
    require(weightDecay, "weight decay");
    requirePositive(clipValue, "clip value");
    requirePositive(clipNorm, "clip norm");
  }

  /** A schedule, and everything else as it is by default. */
  public static Options of(Schedule schedule) {
    return new Draft(schedule).done();
  }

  /** With another {@link #schedule}. */
  public Options schedule(Schedule schedule) {
    return with(draft -> draft.schedule = schedule);
  }

  /** With another {@link #multiplier}. */
  public Options multiplier(ByName<Double> multiplier) {
    return with(draft -> draft.multiplier = multiplier);
  }

  /** With another {@link #weightDecay}. */
  public Options weightDecay(ByName<Double> weightDecay) {
    return with(draft -> draft.weightDecay = weightDecay);
  }

  /** With another {@link #clipValue}. */
  public Options clipValue(double clipValue) {
    return with(draft -> draft.clipValue = clipValue);
  }

  /** With another {@link #clipNorm}. */
  public Options clipNorm(double clipNorm) {
    return with(draft -> draft.clipNorm = clipNorm);
  }

  /** With another {@link #maximise}. */
  public Options maximise(boolean maximise) {
    return with(draft -> draft.maximise = maximise);
  }

  /** With another {@link #guard}. */
  public Options guard(Guard guard) {
    return with(draft -> draft.guard = guard);
  }

  /** With another {@link #rounding}. */
  public Options rounding(Rounding rounding) {
    return with(draft -> draft.rounding = rounding);
  }

  /** With another {@link #average}. */
  public Options average(Average average) {
    return with(draft -> draft.average = average);
  }

  private Options with(Consumer<Draft> change) {
    Draft draft = new Draft(schedule);
    draft.multiplier = multiplier;
    draft.weightDecay = weightDecay;
    draft.clipValue = clipValue;
    draft.clipNorm = clipNorm;
    draft.maximise = maximise;
    draft.guard = guard;
    draft.rounding = rounding;
    draft.average = average;
    change.accept(draft);
    return draft.done();
  }

  /** Options in the making, with the defaults. */
  private static final class Draft {
    Schedule schedule;
    ByName<Double> multiplier = ByName.always(1.0);
    ByName<Double> weightDecay = ByName.always(0.0);
    double clipValue = Double.POSITIVE_INFINITY;
    double clipNorm = Double.POSITIVE_INFINITY;
    boolean maximise;
    Guard guard = Guard.REFUSE;
    Rounding rounding = Rounding.nearest();
    Average average = Average.none();

    Draft(Schedule schedule) {
      this.schedule = schedule;
    }

    Options done() {
      return new Options(
          schedule,
          multiplier,
          weightDecay,
          clipValue,
          clipNorm,
          maximise,
          guard,
          rounding,
          average);
    }
  }

  private static void require(ByName<Double> values, String what) {
    require(values.otherwise(), what);
    values.rules().forEach(rule -> require(rule.value(), what + " of '" + rule.pattern() + "'"));
  }

  private static void require(double value, String what) {
    if (!(value >= 0) || Float.isInfinite((float) value)) {
      throw new IllegalArgumentException(
          "%s is %s; it must be finite and at least 0".formatted(what, value));
    }
  }

  private static void requirePositive(double value, String what) {
    if (!((float) value > 0)) {
      throw new IllegalArgumentException(
          "%s is %s; it must be above 0 in float32, for example 1, or infinite for none"
              .formatted(what, value));
    }
  }
}
