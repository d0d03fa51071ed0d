package dev.mincover.internal.kernel;

import dev.mincover.tensor.DataType;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a kernel is made for: all that it would otherwise have to decide for every weight. The less
 * a step asks for, the fewer instructions its kernel has.
 *
 * @param weights how weights lie: float32 or bfloat16, as gradient and momentum
 * @param gradient how the gradient lies
 * @param momentum how momentum lies; null if there is none
 * @param features what the step asks for besides
 * @param narrow values of a register that fill narrow rows, several of which it takes in one go; 0
 *     if it is not made for those
 */
public record KernelSpec(
    DataType weights,
    DataType gradient,
    @Nullable DataType momentum,
    Set<Feature> features,
    int narrow) {

  /** What a step may ask for. */
  public enum Feature {
    /** Weights, and momentum, are moved; without it only maxima are taken. */
    MOVES,
    /** Weights are moved by u plus the momentum's share of the next step. */
    NESTEROV,
    /** Gradients are cut to a limit. */
    CLIPS,
    /** Gradients are multiplied, after that. */
    SCALES,
    /** nu is weighted; without it, it is a plain sum. */
    AVERAGES,
    /** An epsilon is added under the root. */
    EPSILON,
    /** Weights shrink by themselves. */
    DECAYS,
    /** cNew is overwritten; without it, it is raised. */
    FRESH
  }

  /** SM3-II over float32, without momentum or anything else that can be asked for. */
  public static final KernelSpec PLAIN =
      new KernelSpec(DataType.FLOAT32, DataType.FLOAT32, null, EnumSet.of(Feature.MOVES), 0);

  /** Copies the features. */
  public KernelSpec {
    features = Set.copyOf(features);
  }

  /** Whether the step asks for a feature. */
  public boolean has(Feature feature) {
    return features.contains(feature);
  }

  /** The same for other gradients and rows. */
  public KernelSpec with(DataType gradient, int narrow) {
    return new KernelSpec(weights, gradient, momentum, features, narrow);
  }

  /** Bytes per value of the momentum; 0 without. */
  public int momentumBytes() {
    return momentum == null ? 0 : momentum.bytes();
  }
}
