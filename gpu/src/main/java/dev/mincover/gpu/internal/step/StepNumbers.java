package dev.mincover.gpu.internal.step;

import dev.mincover.internal.gradient.GradientRange;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What a recipe asks of all tensors alike: the numbers that a launch passes, and what kernels are
 * compiled for.
 */
public final class StepNumbers {

  private final boolean adam;
  private final boolean twoPasses;
  private final float keepNu;
  private final float addNu;
  private final float epsilon;
  private final float keepMomentum;
  private final float addMomentum;
  private final int momentum;
  private final boolean stochastic;
  private final boolean tells;
  private final boolean shares;
  private final boolean owns;
  private final GradientRange range;
  private final Set<Feature> features = EnumSet.noneOf(Feature.class);

  /** The numbers of a recipe that kernels can do. */
  StepNumbers(Recipe recipe, List<DeviceTensor> tensors) {
    range = new GradientRange(recipe.options());
    stochastic = recipe.options().rounding().stochastic();
    tells = recipe.options().guard() == Guard.UNCHECKED && !range.hasNorm();
    shares = tensors.stream().anyMatch(tensor -> !tensor.isEach());
    owns = tensors.stream().anyMatch(DeviceTensor::isEach);
    for (DeviceTensor tensor : tensors) {
      features.addAll(tensor.options.features());
    }
    switch (recipe) {
      case Sm3 sm3 -> {
        adam = false;
        twoPasses = sm3.algorithm() == Sm3.Algorithm.SM3_I;
        keepNu = (float) sm3.secondMoment().beta();
        addNu = Coefficients.complement(sm3.secondMoment().beta());
        epsilon = (float) sm3.epsilon();
        Momentum kept = sm3.momentum();
        keepMomentum = (float) kept.beta();
        addMomentum =
            kept.kind() == Momentum.Kind.AVERAGE ? Coefficients.complement(kept.beta()) : 1;
        momentum = kept.isNone() ? 0 : 1 + number(type(kept.format()));
      }
      case Adam given -> {
        adam = true;
        twoPasses = false;
        keepNu = (float) given.beta2();
        addNu = Coefficients.complement(given.beta2());
        epsilon = (float) given.epsilon();
        keepMomentum = (float) given.beta1();
        addMomentum = Coefficients.complement(given.beta1());
        momentum = 1;
      }
      case Adafactor _ -> throw new IllegalArgumentException("Adafactor has no kernels");
    }
  }

  /** The number that kernels know a type by. */
  static int number(DataType type) {
    return switch (type) {
      case FLOAT32 -> 0;
      case BFLOAT16 -> 1;
      case FLOAT16 -> 2;
    };
  }

  private static DataType type(Momentum.Format format) {
    return switch (format) {
      case FLOAT32 -> DataType.FLOAT32;
      case BFLOAT16 -> DataType.BFLOAT16;
      case INT8 -> throw new IllegalArgumentException("int8 momentum has no kernels");
    };
  }

  boolean isAdam() {
    return adam;
  }

  /** Whether it is SM3-I. */
  boolean hasTwoPasses() {
    return twoPasses;
  }

  float keepNu() {
    return keepNu;
  }

  float addNu() {
    return addNu;
  }

  float epsilon() {
    return epsilon;
  }

  float keepMomentum() {
    return keepMomentum;
  }

  float addMomentum() {
    return addMomentum;
  }

  /** Whether nu is weighted, and not a plain sum. */
  boolean averages() {
    return keepNu != 1 || addNu != 1; // A beta just below 1 is 1 in float32, 1 - beta is not 0.
  }

  /** How momentum lies: 0 if there is none, otherwise 1 more than the type's number. */
  int momentum() {
    return momentum;
  }

  /** Whether there are tensors whose weights share accumulators. */
  boolean shares() {
    return shares;
  }

  /** Whether there are tensors whose weights have an accumulator each. */
  boolean owns() {
    return owns;
  }

  boolean isStochastic() {
    return stochastic;
  }

  /** Whether the step itself has to look for squares that are not finite. */
  boolean tellsBadSquares() {
    return tells;
  }

  boolean hasNorm() {
    return range.hasNorm();
  }

  GradientRange range() {
    return range;
  }

  Set<Feature> features() {
    return features;
  }
}
