package dev.mincover.tensor;

import java.util.Arrays;

/**
 * The dimensions of a tensor in row-major order. Rank 0 is a scalar of one value; a dimension of 0
 * makes the tensor empty. Immutable.
 */
public final class Shape {

  private final long[] dimensions;
  private final long size;

  private Shape(long[] dimensions) {
    this.dimensions = dimensions;
    long product = 1;
    for (int axis = 0; axis < dimensions.length; axis++) {
      if (dimensions[axis] < 0) {
        throw new IllegalArgumentException(
            "dimension %d of shape %s is negative; use 0 for an empty tensor"
                .formatted(axis, Arrays.toString(dimensions)));
      }
    }
    try {
      for (long dimension : dimensions) {
        product = Math.multiplyExact(product, dimension);
      }
      Math.multiplyExact(product, Float.BYTES);
    } catch (ArithmeticException _) {
      throw new IllegalArgumentException(
          "shape %s holds more values than 64 bits can count"
              .formatted(Arrays.toString(dimensions)));
    }
    this.size = product;
  }

  /**
   * The shape of the given dimensions.
   *
   * @param dimensions one per axis, each at least 0; none for a scalar
   * @throws IllegalArgumentException if a dimension is negative or the number of values overflows
   */
  public static Shape of(long... dimensions) {
    return new Shape(dimensions.clone());
  }

  /** The number of axes. */
  public int rank() {
    return dimensions.length;
  }

  /** The number of indices along {@code axis}, which counts from 0. */
  public long dimension(int axis) {
    return dimensions[axis];
  }

  /** The dimensions, as a copy. */
  public long[] dimensions() {
    return dimensions.clone();
  }

  /** The number of values: the product of the dimensions, 1 for a scalar. */
  public long size() {
    return size;
  }

  /**
   * Returns an index for each axis.
   *
   * @param at a position in row-major order, at least 0 and below {@link #size}
   */
  public long[] index(long at) {
    long[] index = new long[rank()];
    long rest = at;
    for (int axis = index.length - 1; axis >= 0; axis--) {
      index[axis] = rest % dimension(axis);
      rest /= dimension(axis);
    }
    return index;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dimensions, shape.dimensions);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dimensions);
  }

  /** The dimensions in brackets, for example {@code [4096, 8]}. */
  @Override
  public String toString() {
    return Arrays.toString(dimensions);
  }
}
