package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.stream.IntStream;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.DenseSparseMatrix;
import org.tribuo.math.la.DenseVector;
import org.tribuo.math.la.SparseVector;
import org.tribuo.math.la.Tensor;

/** Tensors of Tribuo from arrays, and back. Arrays are row-major. */
final class Tensors {

  private Tensors() {}

  /** A dense vector or matrix; without dimensions a vector of one. */
  static Tensor dense(double[] values, int... shape) {
    if (shape.length < 2) {
      return DenseVector.createDenseVector(values);
    }
    DenseMatrix matrix = new DenseMatrix(shape[0], shape[1]);
    for (int k = 0; k < values.length; k++) {
      matrix.set(k / shape[1], k % shape[1], values[k]);
    }
    return matrix;
  }

  /** A sparse vector or matrix whose active entries are those that {@code active} says. */
  static Tensor sparse(double[] values, boolean[] active, int... shape) {
    int columns = shape[shape.length - 1];
    SparseVector[] rows = new SparseVector[shape.length == 1 ? 1 : shape[0]];
    for (int i = 0; i < rows.length; i++) {
      int start = i * columns;
      int[] indices = IntStream.range(0, columns).filter(j -> active[start + j]).toArray();
      double[] own = IntStream.of(indices).mapToDouble(j -> values[start + j]).toArray();
      rows[i] = SparseVector.createSparseVector(columns, indices, own);
    }
    return shape.length == 1 ? rows[0] : DenseSparseMatrix.createFromSparseVectors(rows);
  }

  /** All values, those that are not active as 0. */
  static double[] values(Tensor tensor) {
    int[] shape = tensor.getShape();
    int columns = shape[shape.length - 1];
    double[] values = new double[columns * (shape.length == 1 ? 1 : shape[0])];
    for (int k = 0; k < values.length; k++) {
      values[k] =
          switch (tensor) {
            case DenseMatrix matrix -> matrix.get(k / columns, k % columns);
            case DenseSparseMatrix matrix -> matrix.get(k / columns, k % columns);
            case DenseVector vector -> vector.get(k);
            case SparseVector vector -> vector.get(k);
            default -> throw new IllegalArgumentException(tensor.getClass().getName());
          };
    }
    return values;
  }

  /** Gaussians of sizes from 1e-3 to 1e3, with an exact zero here and there. */
  static double[] random(Random random, int n) {
    double[] values = new double[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          random.nextInt(5) == 0 ? 0 : random.nextGaussian() * Math.pow(10, random.nextInt(7) - 3);
    }
    return values;
  }

  static double[] negated(double[] values) {
    double[] negated = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      negated[i] = -values[i];
    }
    return negated;
  }

  static int size(int... shape) {
    return IntStream.of(shape).reduce(1, Math::multiplyExact);
  }

  /** Every value has the bits of the expected one, but that 0 may have either sign. */
  static void assertEqualBits(double[] actual, double[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      if (Double.doubleToRawLongBits(actual[i] + 0.0)
          != Double.doubleToRawLongBits(expected[i] + 0.0)) {
        assertThat(actual[i]).as("%s, value %d", what, i).isEqualTo(expected[i]);
        throw new AssertionError("bits of %s, value %d".formatted(what, i));
      }
    }
  }
}
