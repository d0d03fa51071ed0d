package dev.mincover.internal.rows;

import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;

/** What is refused of the rows that a sparse gradient names. */
public final class RowChecks {

  private RowChecks() {}

  /**
   * Refuses rows that a parameter does not have.
   *
   * @param name of the parameter
   * @param shape of the parameter, of rank 1 at least
   * @throws IllegalArgumentException naming the first such row, or if there are too many
   */
  public static void requireRows(String name, Shape shape, Gradient.Rows rows) {
    long height = shape.dimension(0);
    if (height > Integer.MAX_VALUE || rows.count() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a sparse gradient of %d rows for parameter '%s' of %d rows; both may be at most %d"
              .formatted(rows.count(), name, height, Integer.MAX_VALUE));
    }
    for (long i = 0; i < rows.count(); i++) {
      long row = rows.index(i);
      if (row < 0 || row >= height) {
        throw new IllegalArgumentException(
            "the gradient of parameter '%s' names row %d; shape %s has rows 0 to %d"
                .formatted(name, row, shape, height - 1));
      }
    }
  }
}
