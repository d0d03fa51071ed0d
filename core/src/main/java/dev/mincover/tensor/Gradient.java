package dev.mincover.tensor;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The gradient of the loss with respect to one parameter at one step. Steps never change it. */
public sealed interface Gradient {

  /**
   * A gradient with a float32 value for every weight.
   *
   * @param values as many as the parameter has, in native byte order and row-major order; read
   *     during {@link dev.mincover.Optimizer#step} only
   */
  static Gradient dense(MemorySegment values) {
    return dense(values, DataType.FLOAT32);
  }

  /**
   * A gradient with a value for every weight, whatever type the weights have.
   *
   * @param values as {@link #dense(MemorySegment)}, of the given type
   */
  static Gradient dense(MemorySegment values, DataType type) {
    return new Dense(values, type);
  }

  /** A gradient with a value for every weight, in row-major order; the array is not copied. */
  static Gradient dense(float[] values) {
    return dense(MemorySegment.ofArray(values));
  }

  /**
   * A sparse gradient: values for some rows, which are slices of axis 0, and zero everywhere else.
   * A step reads and changes only the given rows. Its cost does not depend on how many other rows
   * there are [1].
   *
   * <p>Rows given more than once are summed first, in the order given. Under any cover, a step then
   * gives the same bits as the dense gradient with zeros, for weights and accumulators, without
   * momentum and without weight decay [2]. Momentum and weight decay do not reach the other rows.
   *
   * <p>SM3 and AdaGrad take rows, except for a scalar, which has none, and for a vector whose
   * momentum is int8. Adam and Adafactor take dense gradients only.
   *
   * <p>[1] There are three exceptions. A cover by explicit sets reads all accumulators. An average
   * of the weights reads all weights. Under a moving average of squares, a row that was left out
   * for k steps takes k multiplications when it is next given. [2] With clipping by global norm,
   * the sum of squares may be rounded differently in its last bit.
   *
   * @param indices of rows, in any order; not copied
   * @param values row after row, each as long as the product of the dimensions after the first; not
   *     copied
   */
  static Gradient rows(long[] indices, float[] values) {
    return rows(MemorySegment.ofArray(indices), MemorySegment.ofArray(values), DataType.FLOAT32);
  }

  /**
   * A sparse gradient over any memory; see {@link #rows(long[], float[])}.
   *
   * @param indices int64 in native byte order
   * @param values of the given type
   */
  static Gradient rows(MemorySegment indices, MemorySegment values, DataType type) {
    return new Rows(indices, values, type);
  }

  /** How the values are stored. */
  DataType type();

  /** The values given. */
  MemorySegment values();

  /** A value for every weight; see {@link Gradient#dense(MemorySegment, DataType)}. */
  record Dense(MemorySegment values, DataType type) implements Gradient {}

  /** Values for some rows; see {@link Gradient#rows(MemorySegment, MemorySegment, DataType)}. */
  record Rows(MemorySegment indices, MemorySegment values, DataType type) implements Gradient {

    /**
     * Checks the size of the indices.
     *
     * @throws IllegalArgumentException if their bytes are no multiple of 8
     */
    public Rows {
      if (indices.byteSize() % Long.BYTES != 0) {
        throw new IllegalArgumentException(
            "row indices take %d bytes, which is no multiple of 8; give them as int64"
                .formatted(indices.byteSize()));
      }
    }

    /** How many rows are given, repeated ones included. */
    public long count() {
      return indices.byteSize() / Long.BYTES;
    }

    /** The index of the {@code i}-th row given. */
    public long index(long i) {
      return indices.get(JAVA_LONG_UNALIGNED, i * Long.BYTES);
    }
  }
}
