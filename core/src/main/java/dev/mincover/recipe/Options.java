package dev.mincover.recipe;

import dev.mincover.average.Average;
import dev.mincover.schedule.Schedule;

/**
 * What every optimizer's recipe says besides its own rule. With d the rule's direction for a weight
 * (for SM3 without momentum g / sqrt(nu)), lambda its decay and s its parameter's multiplier, a
 * step is
 *
 * <pre>
 *   w = w * (1 - eta * s * lambda) - eta * s * d
 * </pre>
 *
 * @param schedule eta by step, steps counted from 1
 * @param multiplier s by parameter; at least 0, and 1 by default
 * @param weightDecay lambda by parameter, decoupled from the gradient; at least 0, and 0 by
 *     default. With relative steps of {@link Adafactor}, eta here and above is its step size alpha
 * @param clipValue every gradient is cut to at most this magnitude, first; infinity is off
 * @param clipNorm then all gradients together are scaled so that their Euclidean norm, over all
 *     parameters, is at most this; infinity is off
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
    return new Options(
        schedule,
        ByName.always(1.0),
        ByName.always(0.0),
        Double.POSITIVE_INFINITY,
        Double.POSITIVE_INFINITY,
        false,
        Guard.REFUSE,
        Rounding.nearest(),
        Average.none());
  }

  /** With another {@link #schedule}. */
  public Options schedule(Schedule schedule) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #multiplier}. */
  public Options multiplier(ByName<Double> multiplier) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #weightDecay}. */
  public Options weightDecay(ByName<Double> weightDecay) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #clipValue}. */
  public Options clipValue(double clipValue) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #clipNorm}. */
  public Options clipNorm(double clipNorm) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #maximise}. */
  public Options maximise(boolean maximise) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #guard}. */
  public Options guard(Guard guard) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #rounding}. */
  public Options rounding(Rounding rounding) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
  }

  /** With another {@link #average}. */
  public Options average(Average average) {
    return new Options(
        schedule, multiplier, weightDecay, clipValue, clipNorm, maximise, guard, rounding, average);
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
