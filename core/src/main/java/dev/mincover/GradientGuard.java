package dev.mincover;

import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.rule.Rule;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Options;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What becomes of the gradients of a step before it is taken: clipped, turned, or refused. */
final class GradientGuard {

  private final Options options;
  private final List<Parameter> parameters;
  private final GradientScan survey;
  private final float limit;
  private final boolean withNorm;

  /** For the gradients of these parameters, in their order. */
  GradientGuard(Options options, List<Parameter> parameters, GradientScan survey) {
    this.options = options;
    this.parameters = parameters;
    this.survey = survey;
    limit = (float) options.clipValue();
    withNorm = options.clipNorm() != Double.POSITIVE_INFINITY;
  }

  /**
   * Looks at all gradients if the guard or clipping asks for it, and sets how each is clipped and
   * scaled.
   *
   * @return whether to take the step
   * @throws NonFiniteGradientException if a gradient is bad and not to be skipped
   */
  boolean admits(@Nullable StepGradient[] gradients) {
    boolean checked = options.guard() != Guard.UNCHECKED || withNorm;
    if (checked) {
      survey.read(gradients, limit, withNorm);
    }
    float scale = options.maximise() ? -1 : 1;
    if (withNorm && survey.squares() > options.clipNorm() * options.clipNorm()) {
      scale *= (float) (options.clipNorm() / Math.sqrt(survey.squares()));
    }
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient == null) {
        continue;
      }
      gradient.transform(limit, scale);
      if (checked && isBad(survey.largest(i), scale)) {
        if (options.guard() == Guard.SKIP) {
          return false;
        }
        refuse(i, gradient, false);
      }
    }
    return true;
  }

  private boolean isBad(int bits, float scale) {
    float largest = Float.intBitsToFloat(bits);
    float moved = Math.min(largest, limit) * scale;
    return !Float.isFinite(largest) || Float.isInfinite(moved * moved);
  }

  /** After a step that was not checked: what its accumulators show. */
  void refuseAfterTheFact(@Nullable StepGradient[] gradients, List<Rule> rules) {
    if (options.guard() != Guard.UNCHECKED) {
      return;
    }
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient != null && !Float.isFinite(Float.intBitsToFloat(rules.get(i).largest()))) {
        refuse(i, gradient, true);
      }
    }
  }

  private void refuse(int i, StepGradient gradient, boolean changed) {
    GradientScan.Bad bad = survey.firstBad(gradient);
    if (bad == null) {
      return; // Finite squares have added up to infinity.
    }
    Shape shape = parameters.get(i).shape();
    long[] index = new long[shape.rank()];
    long rest = bad.at();
    for (int axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape.dimension(axis);
      rest /= shape.dimension(axis);
    }
    throw new NonFiniteGradientException(parameters.get(i).name(), index, bad.value(), changed);
  }
}
