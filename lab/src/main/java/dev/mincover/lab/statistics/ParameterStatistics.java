package dev.mincover.lab.statistics;

import dev.mincover.cover.Cover;
import dev.mincover.tensor.Shape;
import java.util.Arrays;

/**
 * The sums of squared gradients of one parameter over a training: per weight, as AdaGrad keeps
 * them, and per slice, as SM3-II and SM3-I keep them for the same gradients. For every weight,
 * AdaGrad's sum is at most nu of SM3-II, which is at most nu of SM3-I. Arrays are not copied.
 *
 * @param name of the parameter
 * @param shape of fewer than 2^31 weights, axes in the order of memory
 * @param adagrad the sum of squared gradients per weight, row-major
 * @param sm3ii mu of SM3-II: one array per axis with one value per slice; below rank 2 one array
 *     with one value per weight, which is AdaGrad's
 * @param sm3i mu of SM3-I, with the same layout
 * @param optimizer the accumulators of the optimizer that trained the parameter, with the layout of
 *     {@link dev.mincover.Optimizer#accumulators}; empty if not known
 */
@SuppressWarnings("ArrayRecordComponent")
public record ParameterStatistics(
    String name,
    Shape shape,
    float[] adagrad,
    float[][] sm3ii,
    float[][] sm3i,
    float[][] optimizer) {

  /**
   * The largest statistics of a parameter. Each array is sorted on its own, the largest first.
   *
   * @param adagrad sums of squared gradients
   * @param sm3ii nu of SM3-II
   * @param sm3i nu of SM3-I
   */
  public record Largest(float[] adagrad, float[] sm3ii, float[] sm3i) {}

  /**
   * Checks the lengths of the arrays.
   *
   * @throws IllegalArgumentException if they do not match the shape
   */
  public ParameterStatistics {
    require(name, shape, "adagrad", adagrad.length, shape.size());
    require(name, shape, sm3ii, "sm3-ii");
    require(name, shape, sm3i, "sm3-i");
  }

  private static void require(String name, Shape shape, float[][] mu, String what) {
    int rank = shape.rank();
    require(name, shape, what, mu.length, Math.max(1, rank));
    for (int axis = 0; axis < mu.length; axis++) {
      long count = rank < 2 ? shape.size() : shape.dimension(axis);
      require(name, shape, what + "/" + axis, mu[axis].length, count);
    }
  }

  private static void require(String name, Shape shape, String what, int found, long expected) {
    if (found != expected) {
      throw new IllegalArgumentException(
          "statistics of parameter %s of shape %s: %d entries in %s, expected %d"
              .formatted(name, shape, found, what, expected));
    }
  }

  /** Returns nu of SM3-II per weight after the last step: the least accumulator of its slices. */
  public float[] nuSm3II() {
    return slices().least(sm3ii);
  }

  /** Returns nu of SM3-I per weight. */
  public float[] nuSm3I() {
    return slices().least(sm3i);
  }

  private CoverSets slices() {
    return CoverSets.of(Cover.slices(), shape);
  }

  /**
   * Returns the median over the weights of nu / sum g^2 for SM3-II. 1 is AdaGrad; r means learning
   * rates smaller than AdaGrad's by a factor of sqrt(r). Weights whose sum is 0 are left out; the
   * result is NaN if all are.
   */
  public double tightnessSm3II() {
    return tightness(nuSm3II());
  }

  /** As {@link #tightnessSm3II}, for SM3-I. */
  public double tightnessSm3I() {
    return tightness(nuSm3I());
  }

  /** Returns the median over the weights of nu / sum g^2 for the nu of any cover. */
  public double tightness(float[] nu) {
    float[] ratios = new float[nu.length];
    int count = 0;
    for (int i = 0; i < nu.length; i++) {
      if (adagrad[i] > 0) {
        ratios[count++] = nu[i] / adagrad[i];
      }
    }
    if (count == 0) {
      return Double.NaN;
    }
    Arrays.parallelSort(ratios, 0, count);
    return (ratios[(count - 1) / 2] + (double) ratios[count / 2]) / 2;
  }

  /**
   * Returns the largest statistics, as the figures of the paper compare them.
   *
   * @param count limit on each
   */
  public Largest largest(int count) {
    return new Largest(
        largest(adagrad, count), largest(nuSm3II(), count), largest(nuSm3I(), count));
  }

  private static float[] largest(float[] values, int count) {
    float[] sorted = values.clone();
    Arrays.parallelSort(sorted);
    float[] largest = new float[Math.min(count, sorted.length)];
    for (int i = 0; i < largest.length; i++) {
      largest[i] = sorted[sorted.length - 1 - i];
    }
    return largest;
  }

  /**
   * Returns AdaGrad's sums as a picture. Rows and columns become visible if the gradients vary by
   * row and column.
   *
   * @param mostRows limit on the rows of cells
   * @param mostColumns limit on the columns of cells
   */
  public HeatMap heatMap(int mostRows, int mostColumns) {
    return HeatMap.of(shape, adagrad, mostRows, mostColumns);
  }
}
