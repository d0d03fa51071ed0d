package dev.mincover.lab.inspect;

import dev.mincover.cover.Cover;
import dev.mincover.lab.statistics.CoverSets;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The smallest and the largest learning rate of a parameter's weights after the last step: the
 * factor by which a gradient is multiplied, without momentum. Weights that never had a gradient are
 * left out.
 *
 * @param smallest at least 0
 * @param largest at least {@code smallest}
 */
record EffectiveRates(double smallest, double largest) {

  /**
   * Returns the rates of a parameter.
   *
   * @param recipe of SM3, AdaGrad or Adam
   * @param eta the schedule's highest rate
   * @param steps taken
   * @return null if no weight has had a gradient, for other optimizers, and if accumulators were
   *     not recorded
   */
  static @Nullable EffectiveRates of(
      ParameterStatistics parameter, Recipe recipe, double eta, long steps) {
    if (parameter.optimizer().length == 0) {
      return null;
    }
    double rate = eta * recipe.options().multiplier().of(parameter.name());
    return switch (recipe) {
      case Sm3 sm3 -> {
        Cover cover = sm3.cover().of(parameter.name());
        float[] nu = CoverSets.of(cover, parameter.shape()).least(parameter.optimizer());
        yield of(nu, value -> rate / Math.sqrt(value + sm3.epsilon()));
      }
      case Adam adam -> {
        double correction = 1 - Math.pow(adam.beta2(), (double) steps);
        yield of(
            parameter.optimizer()[0],
            value -> rate / (Math.sqrt(value / correction) + adam.epsilon()));
      }
      default -> null;
    };
  }

  /** Returns the formula of the rates; null if it is not known. */
  static @Nullable String formula(Recipe recipe) {
    return switch (recipe) {
      case Sm3 sm3 -> sm3.epsilon() == 0 ? "eta / sqrt(nu)" : "eta / sqrt(nu + epsilon)";
      case Adam _ -> "eta / (sqrt(v / (1 - beta2^t)) + epsilon)";
      default -> null;
    };
  }

  private static @Nullable EffectiveRates of(float[] statistics, DoubleUnaryOperator rate) {
    float least = Float.POSITIVE_INFINITY;
    float most = 0;
    for (float value : statistics) {
      if (value > 0) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    return most == 0
        ? null
        : new EffectiveRates(rate.applyAsDouble(most), rate.applyAsDouble(least));
  }
}
