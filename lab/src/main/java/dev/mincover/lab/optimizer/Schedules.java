package dev.mincover.lab.optimizer;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.Adafactor;
import dev.mincover.schedule.Schedule;
import java.util.Map;
import java.util.TreeMap;

/**
 * Builds schedules of the learning rate from settings. Settings give shares of the steps, schedules
 * count steps.
 */
public final class Schedules {

  public static final String CONSTANT = "constant";
  static final String INVERSE_SQRT = "inverse-sqrt";
  static final String PIECEWISE = "piecewise:";

  private static final String OPTION = "--schedule";

  private Schedules() {}

  /**
   * Returns the schedule of a run with {@code steps} steps: a shape between warm-up and cool-down.
   */
  static Schedule of(OptimizerSettings.Rate rate, long steps) {
    OptionChecks.requireShare("--warmup", rate.warmup(), "0.05");
    OptionChecks.requireShare("--cooldown", rate.cooldown(), "0.1");
    long warmup = Math.round(rate.warmup() * steps);
    Schedule shape = shape(rate, steps, Math.max(1, warmup));
    return OptionChecks.changed(
            "--warmup-power", shape, schedule -> schedule.warmup(warmup, rate.warmupPower()))
        .cooldown(steps, rate.cooldown());
  }

  private static Schedule shape(OptimizerSettings.Rate rate, long steps, long whole) {
    Double eta = rate.learningRate();
    String text = rate.schedule();
    if (eta == null || text == null) {
      return Adafactor.relativeStep().learningRate();
    }
    Schedule constant = OptionChecks.valid("--learning-rate", () -> Schedule.constant(eta));
    if (text.equals(CONSTANT)) {
      return constant;
    }
    if (text.equals(INVERSE_SQRT)) {
      return constant.inverseSqrt(whole);
    }
    if (text.startsWith(PIECEWISE)) {
      return piecewise(eta, text, steps);
    }
    throw new UserError(
        "%s is '%s'; it must be %s, %s or such as %s0.1@0.8"
            .formatted(OPTION, text, CONSTANT, INVERSE_SQRT, PIECEWISE));
  }

  /**
   * Reads pieces of the form FACTOR@SHARE: the learning rate is multiplied by FACTOR after that
   * share of the steps.
   */
  private static Schedule piecewise(double eta, String text, long steps) {
    Map<Long, Schedule> pieces = new TreeMap<>(Map.of(1L, Schedule.constant(eta)));
    double before = -1;
    for (String piece : text.substring(PIECEWISE.length()).split(",", -1)) {
      String[] numbers = piece.split("@", -1);
      double factor = numbers.length == 2 ? number(numbers[0]) : Double.NaN;
      double share = numbers.length == 2 ? number(numbers[1]) : Double.NaN;
      boolean rises = share >= 0 && share > before && share < 1;
      if (!(factor >= 0) || Double.isInfinite(factor) || !rises) {
        throw new UserError(
            ("%s is '%s'; '%s' must be FACTOR@SHARE, such as 0.1@0.8, with a factor of at least 0"
                    + " and shares that rise from at least 0 to below 1")
                .formatted(OPTION, text, piece));
      }
      pieces.put(
          Math.round(share * steps) + 1,
          OptionChecks.valid(OPTION, () -> Schedule.constant(eta * factor)));
      before = share;
    }
    return Schedule.piecewise(pieces);
  }

  /** Returns the number, or NaN if the text is not a number. */
  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
