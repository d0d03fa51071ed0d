package dev.mincover.tribuo;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Sm3;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.DenseSparseMatrix;
import org.tribuo.math.la.DenseVector;
import org.tribuo.math.la.SparseVector;
import org.tribuo.math.la.Tensor;

/**
 * The state of one tensor of the parameters, a matrix or a vector, and its step. A step is {@link
 * #read} and then, if no tensor has complained, {@link #step} with the same gradient.
 */
final class TensorState {

  private final int index;
  private final int[] shape;
  private final int rows;
  private final int columns;
  private final Accumulators accumulators;
  private final Direction direction;
  private final SparseRows sparse;

  /** One dense row and its statistics, once there was one. */
  private double[] values = new double[0];

  private double[] nu = new double[0];

  /**
   * Starts from 0.
   *
   * @param index of the tensor, for errors
   * @throws IllegalArgumentException if the shape has neither one nor two dimensions
   */
  TensorState(Sm3 recipe, int index, int... shape) {
    requireRank(index, shape);
    this.index = index;
    this.shape = shape.clone();
    rows = shape.length == 1 ? 1 : shape[0];
    columns = shape[shape.length - 1];
    double beta = recipe.secondMoment().beta();
    accumulators =
        hasSlices(recipe, shape)
            ? new Accumulators.Slices(rows, columns, beta)
            : new Accumulators.Singletons(rows, columns, beta);
    direction = new Direction(recipe.epsilon(), recipe.momentum(), rows, columns);
    sparse = new SparseRows(rows);
  }

  /** Bytes of the state of a tensor that is not there yet. */
  static long bytes(Sm3 recipe, int index, int... shape) {
    requireRank(index, shape);
    long size = Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact);
    long mu = hasSlices(recipe, shape) ? (long) shape[0] + shape[1] : size;
    return Double.BYTES * (mu + (recipe.momentum().isNone() ? 0 : size));
  }

  private static boolean hasSlices(Sm3 recipe, int... shape) {
    return shape.length == 2 && recipe.cover().otherwise() instanceof Cover.Slices;
  }

  private static void requireRank(int index, int... shape) {
    if (shape.length != 1 && shape.length != 2) {
      throw new IllegalArgumentException(
          "tensor %d has the shape %s; only vectors and matrices are supported"
              .formatted(index, Arrays.toString(shape)));
    }
  }

  /**
   * Checks a gradient, and keeps its active entries if it is sparse. Changes nothing that lasts.
   *
   * @throws IllegalArgumentException if its shape is not the tensor's, its class is none of
   *     Tribuo's four, or a value times {@code weight}, or the square of that, is not finite
   */
  void read(Tensor gradient, double weight) {
    if (!Arrays.equals(gradient.getShape(), shape)) {
      throw new IllegalArgumentException(
          "the gradient of tensor %d has the shape %s; the tensor has %s"
              .formatted(index, Arrays.toString(gradient.getShape()), Arrays.toString(shape)));
    }
    if (isSparse(gradient)) {
      long entries = 0;
      for (int i = 0; i < rows; i++) {
        entries += sparseRow(gradient, i).numActiveElements();
      }
      sparse.clear(entries);
      for (int i = 0; i < rows; i++) {
        SparseVector row = sparseRow(gradient, i);
        int bad = sparse.read(i, row, weight);
        if (bad >= 0) {
          throw notFinite(row.get(bad), weight, i, bad);
        }
      }
    } else {
      for (int i = 0; i < rows; i++) {
        DenseVector row = denseRow(gradient, i);
        for (int j = 0; j < columns; j++) {
          double value = row.get(j) * weight;
          if (!(value * value <= Double.MAX_VALUE)) {
            throw notFinite(row.get(j), weight, i, j);
          }
        }
      }
    }
  }

  private IllegalArgumentException notFinite(double value, double weight, int row, int column) {
    return new IllegalArgumentException(
        "the gradient of tensor %d is %s at %s with weight %s, which is not finite or has a square that is not; nothing was changed: lower the learning rate, or look for features that are not finite"
            .formatted(
                index,
                value,
                shape.length == 1 ? "[" + column + "]" : "[" + row + ", " + column + "]",
                weight));
  }

  /**
   * Overwrites the gradient that was read last with eta times its direction.
   *
   * @param weight as it was given to {@link #read}
   */
  void step(Tensor gradient, double weight, double eta) {
    accumulators.fade();
    if (isSparse(gradient)) {
      accumulators.sparse(sparse);
      direction.divide(sparse.values, sparse.nu, sparse.count(), eta);
      for (int i = 0; i < rows; i++) {
        direction.carry(i, sparse.columns, sparse.values, sparse.start(i), sparse.ends[i], eta);
        sparse.write(i, sparseRow(gradient, i));
      }
    } else {
      stepDense(gradient, weight, eta);
    }
  }

  private void stepDense(Tensor gradient, double weight, double eta) {
    if (values.length == 0) {
      values = new double[columns];
      nu = new double[columns];
    }
    accumulators.beginDense();
    for (int i = 0; i < rows; i++) {
      DenseVector row = denseRow(gradient, i);
      for (int j = 0; j < columns; j++) {
        values[j] = row.get(j) * weight;
      }
      accumulators.dense(i, values, nu);
      direction.divide(values, nu, columns, eta);
      direction.carry(i, null, values, 0, columns, eta);
      for (int j = 0; j < columns; j++) {
        row.set(j, values[j]);
      }
    }
    accumulators.endDense();
  }

  private boolean isSparse(Tensor gradient) {
    return switch (gradient) {
      case DenseSparseMatrix _, SparseVector _ -> true;
      case DenseMatrix _, DenseVector _ -> false;
      default ->
          throw new IllegalArgumentException(
              "the gradient of tensor %d is a %s; use DenseMatrix, DenseSparseMatrix, DenseVector or SparseVector"
                  .formatted(index, gradient.getClass().getName()));
    };
  }

  /** A row as Tribuo holds it: writing to it writes to the gradient. */
  private static SparseVector sparseRow(Tensor gradient, int row) {
    return gradient instanceof DenseSparseMatrix matrix
        ? matrix.getRow(row)
        : (SparseVector) gradient;
  }

  /** A row as Tribuo holds it: writing to it writes to the gradient. */
  private static DenseVector denseRow(Tensor gradient, int row) {
    return gradient instanceof DenseMatrix matrix ? matrix.getRow(row) : (DenseVector) gradient;
  }

  int[] shape() {
    return shape.clone();
  }

  /** Copies. */
  double[][] accumulators() {
    double[][] copies =
        accumulators.arrays().stream().map(double[]::clone).toArray(double[][]::new);
    if (accumulators instanceof Accumulators.Slices) {
      return copies;
    }
    double[] flat = new double[rows * columns];
    for (int i = 0; i < rows; i++) {
      System.arraycopy(copies[i], 0, flat, i * columns, columns);
    }
    return new double[][] {flat};
  }

  /** The accumulators themselves, which a checkpoint reads and overwrites. */
  Accumulators mu() {
    return accumulators;
  }

  /** The very array, a value per weight; null without momentum. */
  double @Nullable [][] momentum() {
    return direction.momentum();
  }

  long stateBytes() {
    long values = accumulators.arrays().stream().mapToLong(mu -> mu.length).sum();
    double[][] m = direction.momentum();
    return Double.BYTES * (values + (m == null ? 0 : (long) rows * columns));
  }

  long scratchBytes() {
    return sparse.bytes()
        + accumulators.scratchBytes()
        + (long) Double.BYTES * (values.length + nu.length);
  }
}
