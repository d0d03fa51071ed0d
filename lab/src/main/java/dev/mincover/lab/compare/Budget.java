package dev.mincover.lab.compare;

import dev.mincover.lab.common.TimeText;
import dev.mincover.lab.common.UserError;

/**
 * The wall time that a command may take, counted from the start of its process.
 *
 * @param text the option's value
 * @param seconds the same in seconds, above 0
 */
public record Budget(String text, double seconds) {

  private static final double MOST = 30 * 24 * 3600.0;

  /**
   * Reads a budget such as {@code 90s}, {@code 5m} or {@code 1.5h}.
   *
   * @throws UserError if the text has another form, or the time is zero or above 30 days
   */
  public static Budget parse(String text) {
    double seconds = TimeText.seconds(text).orElse(Double.NaN);
    if (!(seconds > 0 && seconds <= MOST)) {
      throw new UserError(
          "--budget is '%s'; it must be a time above 0 and at most 720h, such as 90s, 5m or 1.5h"
              .formatted(text));
    }
    return new Budget(text, seconds);
  }

  /** Returns a time such as {@code 9:05}, or {@code 1:00:00} from an hour on. */
  public static String clock(double seconds) {
    long whole = Math.round(seconds);
    return whole < 3600
        ? "%d:%02d".formatted(whole / 60, whole % 60)
        : "%d:%02d:%02d".formatted(whole / 3600, whole / 60 % 60, whole % 60);
  }
}
