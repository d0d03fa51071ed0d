package dev.mincover;

import dev.mincover.internal.gradient.GradientRange;
import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.rule.Rule;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Options;
import dev.mincover.tensor.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What stands between a step and values that are not finite: gradients before it, which are also
 * clipped and turned here, and weights after it.
 */
final class StepGuard {

  private final Options options;
  private final List<Parameter> parameters;
  private final GradientScan scan;
  private final GradientRange range;

  /** For the gradients of these parameters, in their order. */
  StepGuard(Options options, List<Parameter> parameters, GradientScan scan) {
    this.options = options;
    this.parameters = parameters;
    this.scan = scan;
    range = new GradientRange(options);
  }

  /**
   * Looks at all gradients if the guard or clipping asks for it, and sets how each is clipped and
   * scaled.
   *
   * @return whether to take the step
   * @throws NonFiniteGradientException if a gradient is bad and not to be skipped
   */
  boolean admits(@Nullable StepGradient[] gradients) {
    boolean checked = options.guard() != Guard.UNCHECKED || range.hasNorm();
    if (checked) {
      scan.read(gradients, range.limit(), range.hasNorm());
    }
    float scale = range.scale(scan.squares());
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient == null) {
        continue;
      }
      gradient.transform(range.limit(), scale);
      if (checked && range.isBad(scan.largest(i), scale)) {
        if (options.guard() == Guard.SKIP) {
          return false;
        }
        refuse(i, gradient, false);
      }
    }
    return true;
  }

  /**
   * After a step: what the accumulators of an unchecked one show, and weights that have left their
   * format's range whatever the guard.
   */
  void refuseAfterTheFact(@Nullable StepGradient[] gradients, List<Rule> rules) {
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient == null) {
        continue;
      }
      boolean finite = Float.isFinite(Float.intBitsToFloat(rules.get(i).largest()));
      if (options.guard() == Guard.UNCHECKED && !finite) {
        refuse(i, gradient, true);
      }
      long overflowAt = rules.get(i).overflowAt();
      if (overflowAt != ThreadScratch.NOWHERE) {
        refuseWeight(parameters.get(i), overflowAt);
      }
    }
  }

  private void refuse(int i, StepGradient gradient, boolean changed) {
    GradientScan.Bad bad = scan.firstBad(gradient);
    if (bad == null) {
      return; // Finite squares have added up to infinity.
    }
    Parameter parameter = parameters.get(i);
    throw new NonFiniteGradientException(
        parameter.name(), parameter.shape().index(bad.at()), bad.value(), changed);
  }

  private static void refuseWeight(Parameter parameter, long at) {
    float[] value = new float[1];
    Storage.load(parameter.type(), parameter.weights(), at, 1, value);
    throw new NonFiniteWeightException(parameter.name(), parameter.shape().index(at), value[0]);
  }
}
