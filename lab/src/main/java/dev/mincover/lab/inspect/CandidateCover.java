package dev.mincover.lab.inspect;

import com.fasterxml.jackson.annotation.JsonIgnore;
import org.jspecify.annotations.Nullable;

/**
 * A cover that a parameter could have, judged by the recorded gradients.
 *
 * @param cover as {@code --cover} names it
 * @param bytes of its accumulators
 * @param tightness the median over the weights of nu / sum g^2, at least 1; null if no weight has
 *     had a gradient
 * @param lowerBound whether tightness is a lower bound, because nu under this cover was not
 *     recorded
 */
public record CandidateCover(
    String cover, long bytes, @Nullable Double tightness, boolean lowerBound) {

  /**
   * The tightness above which a cover is loose. Learning rates are then more than about 5.5 times
   * smaller than AdaGrad's. Slices of the default model have 5 to 12.
   */
  public static final double LOOSE = 30;

  /** Whether the tightness is above {@link #LOOSE}. */
  @JsonIgnore
  public boolean isLoose() {
    return tightness != null && tightness > LOOSE;
  }
}
