package dev.mincover.lab.train;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a training is between two steps, apart from weights and the optimizer's state.
 *
 * @param steps taken, skipped ones included
 * @param windows samples that were drawn for them; with the seed, they are the state of the random
 *     numbers
 * @param loss of the last step's batch, in nats per token; NaN before the first step
 * @param nanos nanoseconds spent in training steps
 * @param optimizerNanos the part of them spent in the optimizer
 */
public record TrainingPosition(
    long steps, long windows, float loss, long nanos, long optimizerNanos) {

  private static final String STEPS = "training.steps";
  private static final String WINDOWS = "training.windows";
  private static final String LOSS = "training.loss";
  private static final String NANOS = "training.nanoseconds";
  private static final String OPTIMIZER_NANOS = "training.nanoseconds in the optimizer";

  /** Returns the position as metadata of a checkpoint. */
  Map<String, String> metadata() {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put(STEPS, Long.toString(steps));
    metadata.put(WINDOWS, Long.toString(windows));
    metadata.put(LOSS, Float.toString(loss));
    metadata.put(NANOS, Long.toString(nanos));
    metadata.put(OPTIMIZER_NANOS, Long.toString(optimizerNanos));
    return metadata;
  }

  /**
   * Reads a position from the metadata of a checkpoint.
   *
   * @throws IllegalArgumentException naming what is missing or no number
   */
  static TrainingPosition of(Map<String, String> metadata) {
    String loss = String.valueOf(metadata.get(LOSS));
    if (!loss.matches("NaN|-?[0-9.E-]+")) {
      throw new IllegalArgumentException("has '%s' for %s".formatted(loss, LOSS));
    }
    return new TrainingPosition(
        number(metadata, STEPS),
        number(metadata, WINDOWS),
        Float.parseFloat(loss),
        number(metadata, NANOS),
        number(metadata, OPTIMIZER_NANOS));
  }

  /** Returns a whole number of at least 0. */
  static long number(Map<String, String> metadata, String key) {
    String text = String.valueOf(metadata.get(key));
    if (!text.matches("[0-9]{1,18}")) {
      throw new IllegalArgumentException("has '%s' for %s".formatted(text, key));
    }
    return Long.parseLong(text);
  }
}
