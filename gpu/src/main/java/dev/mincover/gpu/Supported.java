package dev.mincover.gpu;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.gpu.device.Device;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Shape;

/** What is refused on a device when a recipe is bound, since no kernel does it. */
final class Supported {

  private static final int MOST_AXES = 8;

  private Supported() {}

  /**
   * Refuses a recipe.
   *
   * @throws IllegalArgumentException naming the option
   */
  static void require(Recipe recipe, Device device) {
    switch (recipe) {
      case Sm3 sm3 -> {
        if (!sm3.momentum().isNone() && sm3.momentum().format() == Momentum.Format.INT8) {
          throw refused("momentum stored as INT8", "store it as BFLOAT16");
        }
      }
      case Adam _ -> {}
      case Adafactor _ -> throw refused("Adafactor", "use Sm3, which takes less memory");
    }
    Options options = recipe.options();
    if (!(options.average() instanceof Average.None)) {
      throw refused("an average of the weights", "leave it out, or cool the learning rate down");
    }
    if (options.clipNorm() != Double.POSITIVE_INFINITY && !device.hasDoubles()) {
      throw new IllegalArgumentException(
          "device %s has no double precision, in which clipping by global norm sums; clip by value"
              .formatted(device));
    }
  }

  /**
   * Refuses a parameter that learns.
   *
   * @throws IllegalArgumentException naming it and the option
   */
  static void require(Recipe recipe, String name, Shape shape) {
    if (recipe instanceof Sm3 sm3 && sm3.cover().of(name) instanceof Cover.Sets) {
      throw refused(
          "the cover by explicit sets of parameter '%s'".formatted(name),
          "cover it by slices, axes, singletons or the whole");
    }
    if (shape.rank() > MOST_AXES) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s has %d axes; devices take at most %d"
              .formatted(name, shape, shape.rank(), MOST_AXES));
    }
  }

  private static IllegalArgumentException refused(String option, String remedy) {
    return new IllegalArgumentException(
        "%s is not supported on devices; %s".formatted(option, remedy));
  }
}
