package dev.mincover;

import dev.mincover.recipe.Guard;
import java.io.Serial;
import java.util.Arrays;

/**
 * A gradient that no step can be taken from: infinite, NaN, or with a square that overflows
 * float32. {@link Guard} says when it is thrown.
 */
public final class NonFiniteGradientException extends IllegalArgumentException {

  @Serial private static final long serialVersionUID = 1;

  private final String parameter;
  private final long[] index;
  private final float value;
  private final boolean changed;

  NonFiniteGradientException(String parameter, long[] index, float value, boolean changed) {
    super(
        "the gradient of parameter '%s' is %s at %s%s; %s"
            .formatted(
                parameter,
                value,
                Arrays.toString(index),
                Float.isFinite(value) ? ", and its square overflows float32" : "",
                changed
                    ? "the step was taken unchecked: restore weights and state from before it"
                    : "nothing was changed: lower the learning rate, clip, or skip such steps"));
    this.parameter = parameter;
    this.index = index.clone();
    this.value = value;
    this.changed = changed;
  }

  /** The name of the parameter. */
  public String parameter() {
    return parameter;
  }

  /** Where in the parameter, an index an axis. */
  public long[] index() {
    return index.clone();
  }

  /** The gradient there: rows given more than once are summed, and nothing is clipped yet. */
  public float value() {
    return value;
  }

  /** Whether the step had been taken before this was found, as {@link Guard#UNCHECKED} does. */
  public boolean changed() {
    return changed;
  }
}
