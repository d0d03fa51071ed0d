package dev.mincover;

import java.lang.foreign.MemorySegment;

/** The gradient of the loss with respect to one parameter at one step. Steps never change it. */
public sealed interface Gradient {

  /**
   * A gradient with a value for every weight.
   *
   * @param values as many float32 values as the parameter has, in native byte order and row-major
   *     order; read during {@link BoundOptimizer#step} only
   */
  static Gradient dense(MemorySegment values) {
    return new Dense(values);
  }

  /** A gradient with a value for every weight, in row-major order; the array is not copied. */
  static Gradient dense(float[] values) {
    return dense(MemorySegment.ofArray(values));
  }

  /** A value for every weight; see {@link Gradient#dense(MemorySegment)}. */
  record Dense(MemorySegment values) implements Gradient {}
}
