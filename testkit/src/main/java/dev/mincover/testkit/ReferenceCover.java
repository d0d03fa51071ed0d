package dev.mincover.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A cover as the paper defines it (section 3): index sets S_r whose union is every coordinate of a
 * parameter. Coordinates are positions in row-major order.
 *
 * @param size number of coordinates of the parameter, at least 0
 * @param sets the sets in the order of their accumulators, each with coordinates in {@code [0,
 *     size)} in any order. They may overlap, and may be empty: an axis of length 0 makes empty
 *     slices.
 */
public record ReferenceCover(int size, List<List<Integer>> sets) {

  /**
   * Copies the sets.
   *
   * @throws IllegalArgumentException if the size is negative, a coordinate lies outside the
   *     parameter, or a coordinate lies in no set
   */
  public ReferenceCover {
    if (size < 0) {
      throw new IllegalArgumentException("size is " + size + ": give the number of coordinates");
    }
    sets = sets.stream().map(List::copyOf).toList();
    boolean[] covered = new boolean[size];
    for (int r = 0; r < sets.size(); r++) {
      for (int i : sets.get(r)) {
        if (i < 0 || i >= size) {
          throw new IllegalArgumentException(
              "set %d holds %d: a parameter of %d coordinates has 0 to %d"
                  .formatted(r, i, size, size - 1));
        }
        covered[i] = true;
      }
    }
    for (int i = 0; i < size; i++) {
      if (!covered[i]) {
        throw new IllegalArgumentException(
            "coordinate %d lies in no set: a cover needs every coordinate, 0 to %d, in at least one"
                .formatted(i, size - 1));
      }
    }
  }

  /**
   * The given sets.
   *
   * @param size number of coordinates, at least 0
   * @param sets the sets S_r, in the order of their accumulators
   * @throws IllegalArgumentException as the constructor does
   */
  public static ReferenceCover of(int size, int[]... sets) {
    return new ReferenceCover(
        size, Arrays.stream(sets).map(set -> Arrays.stream(set).boxed().toList()).toList());
  }

  /**
   * The slices of codimension one, which is the default cover of a tensor: those of axis 0 first,
   * then those of axis 1, and so on. Rank 0 and rank 1 have {@linkplain #singletons singletons}.
   *
   * @param shape lengths of the axes, each at least 0; none for a scalar
   * @throws IllegalArgumentException if a length is negative or the tensor has more than {@link
   *     Integer#MAX_VALUE} coordinates
   */
  public static ReferenceCover slices(int... shape) {
    int size = size(shape);
    if (shape.length < 2) {
      return singletons(size);
    }
    List<List<Integer>> sets = new ArrayList<>();
    for (int axis = 0; axis < shape.length; axis++) {
      sets.addAll(slicesOf(axis, shape));
    }
    return new ReferenceCover(size, sets);
  }

  /**
   * The slices of axis 0 alone: one accumulator per row.
   *
   * @param shape lengths of the axes, at least one, each at least 0
   * @throws IllegalArgumentException if the shape has no axis, a length is negative or the tensor
   *     has more than {@link Integer#MAX_VALUE} coordinates
   */
  public static ReferenceCover rows(int... shape) {
    if (shape.length == 0) {
      throw new IllegalArgumentException("shape is []: a scalar has no rows, use singletons(1)");
    }
    return new ReferenceCover(size(shape), slicesOf(0, shape));
  }

  /**
   * One set per coordinate: SM3 is then AdaGrad.
   *
   * @param size number of coordinates, at least 0
   */
  public static ReferenceCover singletons(int size) {
    return new ReferenceCover(size, IntStream.range(0, size).mapToObj(List::of).toList());
  }

  /**
   * One set of all coordinates: a single accumulator for the whole parameter.
   *
   * @param size number of coordinates, at least 0
   */
  public static ReferenceCover whole(int size) {
    return new ReferenceCover(size, List.of(IntStream.range(0, size).boxed().toList()));
  }

  /** A short description; the sets themselves may be long. */
  @Override
  public String toString() {
    return "cover of %d coordinates by %d sets".formatted(size, sets.size());
  }

  private static List<List<Integer>> slicesOf(int axis, int... shape) {
    int stride = 1;
    for (int k = axis + 1; k < shape.length; k++) {
      stride *= shape[k];
    }
    List<List<Integer>> slices = new ArrayList<>();
    for (int k = 0; k < shape[axis]; k++) {
      slices.add(new ArrayList<>());
    }
    int size = size(shape);
    for (int i = 0; i < size; i++) {
      slices.get(i / stride % shape[axis]).add(i);
    }
    return slices;
  }

  private static int size(int... shape) {
    long size = 1;
    for (int length : shape) {
      if (length < 0) {
        throw new IllegalArgumentException(
            "shape is %s: every axis needs a length of at least 0"
                .formatted(Arrays.toString(shape)));
      }
      size *= length;
      if (size > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "shape is %s: at most %d coordinates can be listed one by one"
                .formatted(Arrays.toString(shape), Integer.MAX_VALUE));
      }
    }
    return (int) size;
  }
}
