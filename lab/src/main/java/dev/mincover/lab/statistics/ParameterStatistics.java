package dev.mincover.lab.statistics;

import dev.mincover.cover.Cover;
import dev.mincover.tensor.Shape;
import java.util.Arrays;

/**
 * What the squared gradients of one parameter have added up to in a training: by weight, as AdaGrad
 * has it, and by slice, as SM3-II and SM3-I have it for the same gradients. For every weight
 * AdaGrad's sum is at most nu of SM3-II, and that at most nu of SM3-I. Arrays are not copied.
 *
 * @param name of the parameter
 * @param shape of fewer than 2^31 weights, axes in the order of memory
 * @param adagrad the sum of squared gradients by weight, row-major
 * @param sm3ii mu of SM3-II, an array an axis with a value a slice; below rank 2 one array with a
 *     value a weight, which is AdaGrad's
 * @param sm3i mu of SM3-I, likewise
 * @param optimizer the accumulators of the optimizer that trained the parameter, as {@link
 *     dev.mincover.Optimizer#accumulators} has them; empty if they are not known
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
   * The largest statistics of a parameter, each array sorted on its own, the largest first.
   *
   * @param adagrad sums of squared gradients
   * @param sm3ii nu of SM3-II
   * @param sm3i nu of SM3-I
   */
  public record Largest(float[] adagrad, float[] sm3ii, float[] sm3i) {}

  /**
   * Checks lengths.
   *
   * @throws IllegalArgumentException if they are not those of the shape
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

  /** By weight, nu of SM3-II after the last step: the least accumulator of its slices. */
  public float[] nuSm3II() {
    return slices().least(sm3ii);
  }

  /** By weight, nu of SM3-I. */
  public float[] nuSm3I() {
    return slices().least(sm3i);
  }

  private CoverSets slices() {
    return CoverSets.of(Cover.slices(), shape);
  }

  /**
   * The median over the weights of nu / sum g^2 for SM3-II: 1 is AdaGrad, and r means learning
   * rates that are smaller than AdaGrad's by sqrt(r). Weights whose sum is 0 are left out; NaN if
   * all are.
   */
  public double tightnessSm3II() {
    return tightness(nuSm3II());
  }

  /** As {@link #tightnessSm3II}, for SM3-I. */
  public double tightnessSm3I() {
    return tightness(nuSm3I());
  }

  /** The median over the weights of nu / sum g^2, for nu of any cover. */
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
   * The largest statistics, as in the figures of the paper that compare them.
   *
   * @param count how many of each at most
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
   * AdaGrad's sums as a picture, in which rows and columns show if gradients vary by them.
   *
   * @param mostRows of cells
   * @param mostColumns of cells
   */
  public HeatMap heatMap(int mostRows, int mostColumns) {
    return HeatMap.of(shape, adagrad, mostRows, mostColumns);
  }
}
