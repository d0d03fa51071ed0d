package dev.mincover.internal.rows;

import dev.mincover.tensor.Shape;

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
public record RowLayout(Shape shape, int leading, long rows, long rowLength) {

  /** Below this length, a row takes in the axis before it, if another one is left to pick rows. */
  static final int SHORT_ROW = 64;

  /** Folding lays c out along the row, so that a longer row would take too much scratch memory. */
  static final int LONGEST_FOLD = 1 << 16;

  public static RowLayout of(Shape shape) {
    RowLayout unfolded = matrices(shape);
    int leading = unfolded.leading();
    long rowLength = unfolded.rowLength();
    while (leading > 1
        && rowLength < SHORT_ROW
        && rowLength * shape.dimension(leading - 1) <= LONGEST_FOLD) {
      rowLength *= shape.dimension(--leading);
    }
    return new RowLayout(shape, leading, product(shape, 0, leading), rowLength);
  }

  /** The view in which every index of axis 0 has rows of its own; a vector's are of length 1. */
  public static RowLayout byIndex(Shape shape) {
    return shape.rank() == 1 ? new RowLayout(shape, 1, shape.size(), 1) : of(shape);
  }

  /** The view of all values as one row. */
  public static RowLayout flat(Shape shape) {
    return new RowLayout(shape, 0, 1, shape.size());
  }

  /** The view whose rows are those of the matrices along the last two axes. */
  public static RowLayout matrices(Shape shape) {
    int leading = Math.max(0, shape.rank() - 1);
    long rowLength = shape.rank() == 0 ? 1 : shape.dimension(leading);
    return new RowLayout(shape, leading, product(shape, 0, leading), rowLength);
  }

  /** How many rows an index of axis 0 has; of a tensor without leading axes, the only one. */
  public long rowsPerIndex() {
    return leading == 0 ? 1 : product(shape, 1, leading);
  }

  /** The product of dimensions from axis {@code from} to axis {@code to}, exclusively. */
  public static long product(Shape shape, int from, int to) {
    long product = 1;
    for (int axis = from; axis < to; axis++) {
      product *= shape.dimension(axis);
    }
    return product;
  }
}
