package dev.mincover;

import java.util.Map;

/**
 * How far a training has come.
 *
 * @param steps taken, at least 0
 * @param skippedSteps left out by {@link dev.mincover.recipe.Guard#SKIP}, at least 0
 * @param stepsByParameter of each parameter that learns, how many steps gave it a gradient
 */
public record Progress(long steps, long skippedSteps, Map<String, Long> stepsByParameter) {

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException if a number is negative
   */
  public Progress {
    stepsByParameter = Map.copyOf(stepsByParameter);
    if (steps < 0 || skippedSteps < 0 || stepsByParameter.values().stream().anyMatch(n -> n < 0)) {
      throw new IllegalArgumentException(
          "progress of %d steps, %d skipped and %s by parameter; numbers of steps are at least 0"
              .formatted(steps, skippedSteps, stepsByParameter));
    }
  }
}
