package dev.mincover.internal.gradient;

import dev.mincover.recipe.Options;

/**
 * What clipping and the guard ask of a step's gradients: to which range they are brought, and which
 * cannot be.
 */
public final class GradientRange {

  private final double norm;
  private final boolean maximise;
  private final float limit;

  /** What some options ask. */
  public GradientRange(Options options) {
    norm = options.clipNorm();
    maximise = options.maximise();
    limit = (float) options.clipValue();
  }

  /** What magnitudes are cut to; infinity for none. */
  public float limit() {
    return limit;
  }

  /** Whether {@link #scale} depends on the sum of squares. */
  public boolean hasNorm() {
    return norm != Double.POSITIVE_INFINITY;
  }

  /**
   * What values are multiplied by once they are cut.
   *
   * @param squares the sum of all squares of a step; unused without a norm
   */
  public float scale(double squares) {
    float scale = maximise ? -1 : 1;
    if (hasNorm() && squares > norm * norm) {
      scale *= (float) (norm / Math.sqrt(squares));
    }
    return scale;
  }

  /**
   * Whether no step can be taken from a gradient.
   *
   * @param bits of its largest magnitude
   */
  public boolean isBad(int bits, float scale) {
    float largest = Float.intBitsToFloat(bits);
    float moved = Math.min(largest, limit) * scale;
    return !Float.isFinite(largest) || Float.isInfinite(moved * moved);
  }
}
