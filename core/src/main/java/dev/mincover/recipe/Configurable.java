package dev.mincover.recipe;

import dev.mincover.average.Average;

/**
 * The recipes of all optimizers as their users build them: each method returns the recipe with one
 * of the shared {@link Options} changed.
 *
 * @param <R> the recipe's own type
 */
public sealed interface Configurable<R extends Configurable<R>> extends Recipe
    permits Sm3, Adam, Adafactor {

  /** This recipe with other options. */
  R with(Options options);

  /**
   * With weight decay decoupled from the gradient: w is multiplied by 1 - eta * s * rate at each
   * step, where s is its parameter's multiplier of the learning rate.
   *
   * @param rate at least 0; 0 is none
   * @param except patterns over the names of parameters that do not decay, such as {@code
   *     "*.bias"}; see {@link ByName}. One that matches nothing is no error
   * @throws IllegalArgumentException if the rate is negative or not finite
   */
  default R weightDecay(double rate, String... except) {
    ByName<Double> decay = ByName.always(rate);
    for (String pattern : except) {
      decay = decay.with(pattern, 0.0);
    }
    return with(options().weightDecay(decay));
  }

  /**
   * With another learning rate for some parameters: eta times {@code factor}.
   *
   * @param pattern over the names of parameters; see {@link ByName}
   * @param factor at least 0
   * @throws IllegalArgumentException if the factor is negative or not finite
   */
  default R rateMultiplier(String pattern, double factor) {
    return with(options().multiplier(options().multiplier().with(pattern, factor)));
  }

  /**
   * With every gradient cut to [-value, value], before any clipping by norm.
   *
   * @param value above 0; infinity is off
   * @throws IllegalArgumentException if it is out of range
   */
  default R clipByValue(double value) {
    return with(options().clipValue(value));
  }

  /**
   * With all gradients of a step scaled by min(1, norm / their Euclidean norm over all parameters),
   * which is summed in double precision. Costs a pass over the gradients.
   *
   * @param norm above 0; infinity is off
   * @throws IllegalArgumentException if it is out of range
   */
  default R clipByGlobalNorm(double norm) {
    return with(options().clipNorm(norm));
  }

  /** Climbing the gradient, not descending it; weight decay still shrinks the weights. */
  default R maximise() {
    return with(options().maximise(true));
  }

  /** With another treatment of gradients that are not finite. */
  default R guard(Guard guard) {
    return with(options().guard(guard));
  }

  /** With another rounding of weights and momentum kept in 16 bits. */
  default R rounding(Rounding rounding) {
    return with(options().rounding(rounding));
  }

  /** With an average of the weights, for {@link dev.mincover.Optimizer#swapInAverage}. */
  default R average(Average average) {
    return with(options().average(average));
  }
}
