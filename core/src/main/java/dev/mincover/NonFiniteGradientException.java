package dev.mincover;

import java.io.Serial;
import java.util.Arrays;

/**
 * A gradient that no step can be taken from: infinite, NaN, or with a square that overflows
 * float32. {@link dev.mincover.recipe.Guard} says when it is thrown.
 */
public final class NonFiniteGradientException extends NonFiniteException {

  @Serial private static final long serialVersionUID = 2;

  /**
   * A bad value of a gradient. Optimizers over memory of their own throw it as core does.
   *
   * @param parameter its name
   * @param index of the value, one for each axis
   * @param value of the gradient there
   * @param changed whether weights or state have changed by then
   */
  public NonFiniteGradientException(String parameter, long[] index, float value, boolean changed) {
    super(
        "the gradient of parameter '%s' is %s at %s%s; %s"
            .formatted(
                parameter,
                value,
                Arrays.toString(index),
                Float.isFinite(value) ? ", and its square overflows float32" : "",
                changed
                    ? "the step was taken unchecked: restore weights and state from before it"
                    : "nothing was changed: lower the learning rate, clip, or skip such steps"),
        parameter,
        index,
        value,
        changed);
  }
}
