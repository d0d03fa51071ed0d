package dev.mincover.internal;

/**
 * A recipe's numbers as a kernel wants them, in float32.
 *
 * @param keepNu factor of min(mu) in nu; 1 for a sum
 * @param addNu factor of g^2 in nu; 1 for a sum
 * @param epsilon added to nu under the root
 * @param keepMomentum factor of the old momentum; 0 if there is none
 * @param addMomentum factor of the new update in the momentum
 */
public record Coefficients(
    float keepNu, float addNu, float epsilon, float keepMomentum, float addMomentum) {

  /**
   * Rounds the recipe's numbers; complements are taken before rounding, as the authors' code does.
   */
  public static Coefficients of(double secondMomentBeta, double epsilon, double momentumBeta) {
    return new Coefficients(
        (float) secondMomentBeta,
        secondMomentBeta == 1 ? 1 : (float) (1 - secondMomentBeta),
        (float) epsilon,
        (float) momentumBeta,
        (float) (1 - momentumBeta));
  }
}
