package dev.mincover.internal;

/**
 * The numbers of one step of one tensor as a kernel wants them, in float32.
 *
 * @param keepNu factor of min(mu) in nu; 1 for a sum
 * @param addNu factor of g^2 in nu; 1 for a sum
 * @param epsilon added to nu under the root
 * @param keepMomentum factor of the old momentum; 0 if there is none
 * @param addMomentum factor of the new update in the momentum
 * @param eta the learning rate, its multiplier included
 * @param keepWeight factor of the old weight; 1 without weight decay
 */
record Coefficients(
    float keepNu,
    float addNu,
    float epsilon,
    float keepMomentum,
    float addMomentum,
    float eta,
    float keepWeight) {

  /** The same, with another rule for nu. */
  Coefficients nu(float keepNu, float addNu) {
    return new Coefficients(keepNu, addNu, epsilon, keepMomentum, addMomentum, eta, keepWeight);
  }

  /** 1 - beta, taken before rounding as the authors' code does; 1 for the sum, whose beta is 1. */
  static float complement(double beta) {
    return beta == 1 ? 1 : (float) (1 - beta);
  }
}
