package dev.mincover.internal;

import dev.mincover.Shape;

/**
 * A tensor seen as rows: the leading axes pick a row, the trailing axes lie along it. Rank 0 and 1
 * is one row and no leading axis. Trailing axes are folded together while they are short, so that a
 * convolution's 3 x 3 does not leave a kernel with three values to work on.
 *
 * @param shape the tensor's dimensions
 * @param leading how many axes pick the row
 * @param rows how many rows there are: the product of the leading dimensions
 * @param rowLength values along a row: the product of the trailing dimensions
 */
record RowView(Shape shape, int leading, long rows, long rowLength) {

  /** Below this length, a row takes in the axis before it, if another one is left to pick rows. */
  static final int SHORT_ROW = 64;

  static RowView of(Shape shape) {
    int leading = Math.max(0, shape.rank() - 1);
    long rowLength = shape.rank() == 0 ? 1 : shape.dimension(leading);
    while (leading > 1 && rowLength < SHORT_ROW) {
      rowLength *= shape.dimension(--leading);
    }
    long rows = 1;
    for (int axis = 0; axis < leading; axis++) {
      rows *= shape.dimension(axis);
    }
    return new RowView(shape, leading, rows, rowLength);
  }

  /** How many families of accumulators there are: an axis each, and one for a scalar. */
  int families() {
    return Math.max(1, shape.rank());
  }

  /** How many accumulators axis {@code axis} has. */
  long accumulators(int axis) {
    return shape.rank() == 0 ? 1 : shape.dimension(axis);
  }

  /** Whether several axes lie along a row, so that their accumulators must be laid out for it. */
  boolean folded() {
    return families() - leading > 1;
  }
}
