package dev.mincover.internal.step;

import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Options;
import java.util.Collection;

/** The learning rate of each step, refused if a step could not be taken with it. */
public final class StepRate {

  private final Options options;
  private final double largestMultiplier;
  private final double largestDecay;

  /** The rate that some options give the parameters of these names, all of which learn. */
  public StepRate(Options options, Collection<String> names) {
    this.options = options;
    largestMultiplier = largest(options.multiplier(), names);
    largestDecay = largest(options.weightDecay(), names);
  }

  private static double largest(ByName<Double> choice, Collection<String> names) {
    return names.stream().mapToDouble(choice::of).max().orElse(0);
  }

  /**
   * The rate of a step, before multipliers.
   *
   * @param step from 1
   * @throws IllegalStateException if it is negative, or not finite in float32
   */
  public double at(long step) {
    double eta = options.schedule().at(step);
    double rate = eta * largestMultiplier;
    if (!(eta >= 0) || Float.isInfinite((float) rate)) {
      throw new IllegalStateException(
          "the schedule gives a learning rate of %s at step %d; times multipliers of up to %s it must be finite and at least 0"
              .formatted(eta, step, largestMultiplier));
    }
    if (Float.isInfinite((float) (rate * largestDecay))) {
      throw new IllegalStateException(
          "the learning rate of %s at step %d times a weight decay of %s overflows float32; lower one"
              .formatted(eta, step, largestDecay));
    }
    return eta;
  }
}
