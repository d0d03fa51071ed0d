package dev.mincover;

import java.io.Serial;
import java.util.Arrays;

/**
 * A float16 weight that a step has moved beyond 65,504, the largest value of that format. The step
 * was taken and counted: whether a weight leaves the range is known only once it is computed.
 * {@link #changed} is always true.
 */
public final class NonFiniteWeightException extends NonFiniteException {

  @Serial private static final long serialVersionUID = 1;

  /**
   * For optimizers and adapters.
   *
   * @param parameter its name
   * @param index where in the parameter: an index per axis
   * @param value of the weight there
   */
  public NonFiniteWeightException(String parameter, long[] index, float value) {
    super(
        "a weight of parameter '%s' is %s at %s after the step: it has left the range of float16, at most 65504; restore weights and state from before the step, and lower the learning rate or keep the weights in bfloat16 or float32"
            .formatted(parameter, value, Arrays.toString(index)),
        parameter,
        index,
        value,
        true);
  }
}
