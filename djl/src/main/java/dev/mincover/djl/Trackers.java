package dev.mincover.djl;

import ai.djl.training.tracker.Tracker;
import dev.mincover.schedule.Schedule;

/** DJL's learning rates by step as Mincover's, and back. */
public final class Trackers {

  private Trackers() {}

  /**
   * Returns a schedule that asks a tracker. DJL counts steps from 1, as schedules do.
   *
   * @param tracker asked in order, once for each step, and once more by some checks
   */
  public static Schedule schedule(Tracker tracker) {
    return step -> tracker.getNewValue((int) Math.min(step, Integer.MAX_VALUE));
  }

  /** Returns a tracker that asks a schedule. */
  public static Tracker tracker(Schedule schedule) {
    return step -> (float) schedule.at(Math.max(1, step));
  }
}
