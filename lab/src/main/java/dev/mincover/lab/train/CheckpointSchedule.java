package dev.mincover.lab.train;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.TimeText;
import dev.mincover.lab.common.UserError;

/**
 * When a training saves checkpoints, and how many of them are kept. A training that saves any saves
 * one before its first step and one at its end as well.
 *
 * @param every {@code none}, a number of steps, or a time such as {@code 5m}
 * @param keep how many are kept, the newest; at least 1
 */
public record CheckpointSchedule(String every, int keep) {

  /** What {@code every} is if nothing is saved. */
  public static final String NONE = "none";

  private static final String OPTION = "--checkpoint-every";
  private static final long MOST_STEPS = 1L << 40;
  private static final double MOST_SECONDS = 30 * 24 * 3600.0;

  /**
   * Checks the values.
   *
   * @throws UserError if one is out of range or has another form
   */
  public CheckpointSchedule {
    OptionChecks.requireCount("--keep", keep, 1_000_000);
    if (!every.equals(NONE) && !isSteps(every)) {
      double seconds = TimeText.seconds(every).orElse(Double.NaN);
      if (!(seconds > 0 && seconds <= MOST_SECONDS)) {
        throw new UserError(
            "%s is '%s'; it must be a number of steps such as 200, a time above 0 and at most 720h such as 30s, 5m or 1h, or none"
                .formatted(OPTION, every));
      }
    }
    if (isSteps(every)) {
      OptionChecks.requireCount(OPTION, Long.parseLong(every), MOST_STEPS);
    }
  }

  private static boolean isSteps(String text) {
    return text.matches("[0-9]{1,18}");
  }

  /** Whether checkpoints are saved at all. */
  public boolean saves() {
    return !every.equals(NONE);
  }

  /**
   * Whether a checkpoint is due.
   *
   * @param step that was just taken
   * @param seconds since the last checkpoint was saved
   */
  boolean isDue(long step, double seconds) {
    if (!saves()) {
      return false;
    }
    return isSteps(every)
        ? step % Long.parseLong(every) == 0
        : seconds >= TimeText.seconds(every).orElse(Double.NaN);
  }
}
