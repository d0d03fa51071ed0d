package dev.mincover.lab.statistics;

import dev.mincover.tensor.Shape;
import java.util.Arrays;

/**
 * A tensor as a picture of few cells, each the mean of the decimal logarithms of the values that
 * fall into it. Rows are indices of axis 0, columns those of all other axes together; a vector is
 * one row.
 *
 * @param rows of cells
 * @param columns of cells
 * @param tensorRows rows of the tensor, spread evenly over those of cells
 * @param tensorColumns likewise
 * @param cells row by row; values of 0 are left out of a mean, and a cell of nothing but zeros is
 *     NaN
 */
@SuppressWarnings("ArrayRecordComponent")
public record HeatMap(int rows, int columns, int tensorRows, int tensorColumns, double[] cells) {

  /**
   * The picture of a tensor's values.
   *
   * @param values at least 0, row-major
   * @param mostRows of cells, at least 1; the picture has no more than the tensor
   * @param mostColumns likewise
   */
  public static HeatMap of(Shape shape, float[] values, int mostRows, int mostColumns) {
    int height = shape.rank() < 2 ? Math.min(1, values.length) : (int) shape.dimension(0);
    int width = height == 0 ? 0 : values.length / height;
    int rows = Math.min(height, mostRows);
    int columns = Math.min(width, mostColumns);
    double[] sums = new double[rows * columns];
    long[] counts = new long[sums.length];
    for (int i = 0; i < values.length; i++) {
      if (values[i] > 0) {
        int row = (int) ((long) (i / width) * rows / height);
        int cell = row * columns + (int) ((long) (i % width) * columns / width);
        sums[cell] += Math.log10(values[i]);
        counts[cell]++;
      }
    }
    Arrays.setAll(sums, cell -> counts[cell] == 0 ? Double.NaN : sums[cell] / counts[cell]);
    return new HeatMap(rows, columns, height, width, sums);
  }

  /** The cell of a row and a column, both from 0. */
  public double cell(int row, int column) {
    return cells[row * columns + column];
  }
}
