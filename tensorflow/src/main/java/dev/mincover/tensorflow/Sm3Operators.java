package dev.mincover.tensorflow;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Output;
import org.tensorflow.proto.DataType;
import org.tensorflow.types.TFloat32;

/** What graph operators can do of a recipe. */
final class Sm3Operators {

  private Sm3Operators() {}

  /**
   * Refuses what they cannot.
   *
   * @throws IllegalArgumentException naming the option
   */
  static Sm3 requireSupported(Sm3 recipe) {
    String what = unsupported(recipe);
    if (what != null) {
      throw new IllegalArgumentException(
          "the recipe has %s, which graph operators do not do; leave it out, or use SessionOptimizer"
              .formatted(what));
    }
    return recipe;
  }

  private static @Nullable String unsupported(Sm3 recipe) {
    if (hasSets(recipe.cover())) {
      return "a cover by sets";
    } else if (!recipe.momentum().isNone()
        && recipe.momentum().format() != Momentum.Format.FLOAT32) {
      return "momentum in " + recipe.momentum().format();
    } else if (recipe.options().clipNorm() != Double.POSITIVE_INFINITY) {
      return "clipping by global norm";
    } else if (recipe.options().guard() == Guard.SKIP) {
      return "the guard SKIP";
    } else if (recipe.options().rounding().stochastic()) {
      return "stochastic rounding";
    } else if (!recipe.options().average().equals(Average.none())) {
      return "an average of the weights";
    }
    return null;
  }

  private static boolean hasSets(ByName<Cover> covers) {
    return covers.otherwise() instanceof Cover.Sets
        || covers.rules().stream().anyMatch(rule -> rule.value() instanceof Cover.Sets);
  }

  /**
   * An output as float32.
   *
   * @throws IllegalArgumentException if it is not
   */
  @SuppressWarnings("unchecked") // It has just been looked at.
  static Output<TFloat32> floats(Output<?> output) {
    DataType type = output.dataType();
    if (type != DataType.DT_FLOAT && type != DataType.DT_FLOAT_REF) {
      throw new IllegalArgumentException(
          "'%s' is %s; graph operators step float32 variables only, SessionOptimizer float16 and bfloat16 as well"
              .formatted(output.op().name(), type));
    }
    return (Output<TFloat32>) output;
  }
}
