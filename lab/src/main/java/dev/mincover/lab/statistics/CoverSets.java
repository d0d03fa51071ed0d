package dev.mincover.lab.statistics;

import dev.mincover.cover.Cover;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The sets of a cover over one parameter. They show, after a training, what its accumulators mean
 * for each weight. Accumulators have the layout of {@link dev.mincover.Optimizer#accumulators}.
 */
public final class CoverSets {

  /**
   * Disjoint sets that together contain every weight, such as the rows. Weight i is in set {@code i
   * / stride % count}.
   */
  private record Family(int count, int stride) {}

  private final int size;
  private final List<Family> families;

  /** Sets that the user has listed; if there are any, there are no families. */
  private final List<long[]> own;

  private CoverSets(int size, List<Family> families, List<long[]> own) {
    this.size = size;
    this.families = families;
    this.own = own;
  }

  /**
   * Returns the sets of a cover that fits the shape.
   *
   * @param shape of fewer than 2^31 weights
   */
  public static CoverSets of(Cover cover, Shape shape) {
    int rank = shape.rank();
    return switch (cover) {
      case Cover.Slices _ when rank >= 2 -> axes(shape, IntStream.range(0, rank).boxed().toList());
      case Cover.Axes axes when rank >= 2 -> axes(shape, axes.axes());
      case Cover.Slices _, Cover.Axes _, Cover.Singletons _ ->
          of(shape, new Family(size(shape), 1));
      case Cover.Whole _ -> of(shape, new Family(1, 1));
      case Cover.Sets sets ->
          new CoverSets(
              size(shape),
              List.of(),
              IntStream.range(0, sets.count()).mapToObj(sets::set).toList());
    };
  }

  private static CoverSets of(Shape shape, Family family) {
    return new CoverSets(size(shape), List.of(family), List.of());
  }

  private static CoverSets axes(Shape shape, List<Integer> axes) {
    List<Family> families = new ArrayList<>();
    for (int axis : axes) {
      int stride = 1;
      for (int inner = axis + 1; inner < shape.rank(); inner++) {
        stride *= (int) shape.dimension(inner);
      }
      families.add(new Family((int) shape.dimension(axis), stride));
    }
    return new CoverSets(size(shape), families, List.of());
  }

  private static int size(Shape shape) {
    return Math.toIntExact(shape.size());
  }

  /**
   * Returns the bytes that the core needs for the accumulators and for the index of listed sets.
   */
  public long bytes() {
    long sets = own.size() + families.stream().mapToLong(Family::count).sum();
    long members = own.stream().mapToLong(set -> set.length).sum();
    return Float.BYTES * sets + (own.isEmpty() ? 0 : Integer.BYTES * (size + 1L + members));
  }

  private interface Visitor {
    void at(int family, int set, int weight);
  }

  private void visit(Visitor visitor) {
    for (int f = 0; f < families.size(); f++) {
      Family family = families.get(f);
      for (int i = 0; i < size; i++) {
        visitor.at(f, i / family.stride % family.count, i);
      }
    }
    for (int r = 0; r < own.size(); r++) {
      for (long i : own.get(r)) {
        visitor.at(0, r, (int) i);
      }
    }
  }

  /**
   * Returns, for each weight, the least accumulator of the sets that contain it: nu(i) = min over r
   * of mu(r).
   */
  public float[] least(float[][] mu) {
    float[] nu = new float[size];
    Arrays.fill(nu, Float.POSITIVE_INFINITY);
    visit((family, set, i) -> nu[i] = Math.min(nu[i], mu[family][set]));
    return nu;
  }

  /** Returns, for each set, the largest value of its weights. Values must be at least 0. */
  public float[][] largest(float[] values) {
    float[][] mu =
        own.isEmpty()
            ? families.stream().map(family -> new float[family.count]).toArray(float[][]::new)
            : new float[][] {new float[own.size()]};
    visit((family, set, i) -> mu[family][set] = Math.max(mu[family][set], values[i]));
    return mu;
  }
}
