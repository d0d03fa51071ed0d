package dev.mincover;

import java.io.Serial;

/**
 * A gradient that no step can be taken from, or a weight that a step has moved out of the range of
 * its format. {@link dev.mincover.recipe.Guard} says when it is thrown.
 */
public abstract sealed class NonFiniteException extends IllegalArgumentException
    permits NonFiniteGradientException, NonFiniteWeightException {

  @Serial private static final long serialVersionUID = 1;

  private final String parameter;
  private final long[] index;
  private final float value;
  private final boolean changed;

  NonFiniteException(String message, String parameter, long[] index, float value, boolean changed) {
    super(message);
    this.parameter = parameter;
    this.index = index.clone();
    this.value = value;
    this.changed = changed;
  }

  /** The name of the parameter. */
  public String parameter() {
    return parameter;
  }

  /** Where in the parameter: an index per axis. */
  public long[] index() {
    return index.clone();
  }

  /**
   * The gradient or the weight there. Of a gradient, rows given more than once are summed, and
   * nothing is clipped yet.
   */
  public float value() {
    return value;
  }

  /** Whether the step was taken before this was found; if so, weights and state have changed. */
  public boolean changed() {
    return changed;
  }
}
