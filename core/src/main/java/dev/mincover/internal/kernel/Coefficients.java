package dev.mincover.internal.kernel;

/** The numbers of one step of one tensor as a kernel wants them, in float32; written each step. */
public final class Coefficients {

  /** Factor of min(mu) in nu; 1 for a sum. */
  public float keepNu;

  /** Factor of g^2 in nu; 1 for a sum. */
  public float addNu;

  /** Added to nu under the root. */
  public float epsilon;

  /** Factor of the old momentum; 0 if there is none. */
  public float keepMomentum;

  /** Factor of the new update in the momentum. */
  public float addMomentum;

  /** The learning rate, its multiplier included. */
  public float eta;

  /** Factor of the old weight; 1 without weight decay. */
  public float keepWeight;

  /** What a gradient's magnitude is cut to; infinity for none. */
  public float limit = Float.POSITIVE_INFINITY;

  /** What it is multiplied by then. */
  public float scale = 1;

  /**
   * Added to a scaled gradient: 0, so that no -0 of 0 is left, which would not leave a weight of -0
   * alone; but -0, which changes nothing, if the scale is 1.
   */
  float addend() {
    return addend(scale);
  }

  /** The same for any scale. */
  public static float addend(float scale) {
    return scale == 1 ? -0f : 0f;
  }

  /** 1 - beta, taken before rounding as the authors' code does; 1 for the sum, whose beta is 1. */
  public static float complement(double beta) {
    return beta == 1 ? 1 : (float) (1 - beta);
  }
}
