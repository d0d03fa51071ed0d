package dev.mincover.lab.statistics;

import dev.mincover.tensor.Shape;
import java.util.Arrays;

/**
 * A tensor as a picture with few cells. Each cell is the mean of the decimal logarithms of its
 * values. The rows of the picture follow axis 0 of the tensor, the columns all other axes together.
 * A vector is one row.
 *
 * @param rows number of rows of cells
 * @param columns number of columns of cells
 * @param tensorRows rows of the tensor, spread evenly over the rows of cells
 * @param tensorColumns columns of the tensor, spread evenly over the columns of cells
 * @param cells row by row; a mean leaves out values of 0, and is NaN if all values are 0
 */
@SuppressWarnings("ArrayRecordComponent")
public record HeatMap(int rows, int columns, int tensorRows, int tensorColumns, double[] cells) {

  /**
   * Returns the picture of a tensor.
   *
   * @param values at least 0, row-major
   * @param mostRows limit on the rows of cells, at least 1; there are never more than the tensor
   *     has
   * @param mostColumns limit on the columns of cells, likewise
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

  /** Returns the cell of a row and a column, both from 0. */
  public double cell(int row, int column) {
    return cells[row * columns + column];
  }
}
