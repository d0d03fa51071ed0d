package dev.mincover.nd4j;

import dev.mincover.cover.Cover;
import dev.mincover.tensor.Shape;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The axes of a dense array in the order in which they lie in memory, the outermost first. Taken in
 * this order the array is row-major, which is how core sees it: a column-major matrix of m rows and
 * n columns is n x m there, and its rows are core's columns.
 */
final class MemoryOrder {

  /** The array's axes, by their place in memory. */
  private final int[] axes;

  /** The array's dimensions, as the array has them. */
  private final Shape array;

  private MemoryOrder(int[] axes, Shape array) {
    this.axes = axes;
    this.array = array;
  }

  /**
   * Returns the order of an array's axes, or null if its elements do not lie together without gaps.
   *
   * @param shape of the array
   * @param strides in elements, one per axis; those of axes of length 1 say nothing
   */
  static @Nullable MemoryOrder of(long[] shape, long[] strides) {
    Shape array = Shape.of(shape);
    int[] rowMajor = IntStream.range(0, shape.length).toArray();
    if (array.size() == 0 || isContiguous(rowMajor, shape, strides)) {
      return new MemoryOrder(rowMajor, array);
    }
    int[] columnMajor = new int[shape.length];
    Arrays.setAll(columnMajor, place -> shape.length - 1 - place);
    if (isContiguous(columnMajor, shape, strides)) {
      return new MemoryOrder(columnMajor, array);
    }
    int[] byStride =
        IntStream.range(0, shape.length)
            .boxed()
            .sorted(Comparator.comparingLong((Integer axis) -> strides[axis]).reversed())
            .mapToInt(Integer::intValue)
            .toArray();
    return isContiguous(byStride, shape, strides) ? new MemoryOrder(byStride, array) : null;
  }

  private static boolean isContiguous(int[] axes, long[] shape, long[] strides) {
    long expected = 1;
    for (int place = axes.length - 1; place >= 0; place--) {
      int axis = axes[place];
      if (shape[axis] != 1 && strides[axis] != expected) {
        return false;
      }
      expected *= shape[axis];
    }
    return true;
  }

  /** Whether the axes lie in their own order. */
  boolean isRowMajor() {
    return IntStream.range(0, axes.length).allMatch(place -> axes[place] == place);
  }

  /** The dimensions by place in memory: what core sees. */
  Shape shape() {
    return Shape.of(Arrays.stream(axes).mapToLong(array::dimension).toArray());
  }

  /** The axes, outermost first. */
  int[] axes() {
    return axes.clone();
  }

  /** Where in memory an axis of the array lies: 0 is outermost. */
  int place(int axis) {
    return IntStream.range(0, axes.length).filter(at -> axes[at] == axis).findFirst().orElseThrow();
  }

  /** Whether both have the elements of equal indices in equal places. */
  boolean agrees(MemoryOrder other) {
    return array.equals(other.array) && Arrays.equals(placesThatMatter(), other.placesThatMatter());
  }

  /** An axis of length 1 may lie anywhere. */
  private int[] placesThatMatter() {
    return Arrays.stream(axes).filter(axis -> array.dimension(axis) != 1).toArray();
  }

  /**
   * Returns a cover of the array as a cover of what core sees: its axes and positions are where
   * they lie in memory.
   *
   * @throws IllegalArgumentException if it names an axis or a position that the array has not
   */
  Cover inMemory(String name, Cover cover) {
    return switch (cover) {
      case Cover.Axes chosen when array.rank() > 0 ->
          Cover.axes(chosen.axes().stream().mapToInt(axis -> place(name, axis)).toArray());
      case Cover.Sets sets -> {
        long[][] members = new long[sets.count()][];
        Arrays.setAll(
            members, r -> Arrays.stream(sets.set(r)).map(at -> position(name, at)).toArray());
        yield Cover.sets(members);
      }
      default -> cover;
    };
  }

  private int place(String name, int axis) {
    if (axis >= array.rank()) {
      throw new IllegalArgumentException(
          "the cover of parameter '%s' names axis %d; its shape is %s"
              .formatted(name, axis, array));
    }
    return place(axis);
  }

  /** The place in memory of what stands at a position of the array in row-major order. */
  private long position(String name, long at) {
    if (at < 0 || at >= array.size()) {
      throw new IllegalArgumentException(
          "the cover of parameter '%s' names position %d; its shape %s has positions 0 to %d"
              .formatted(name, at, array, array.size() - 1));
    }
    return position(array.index(at));
  }

  private long position(long[] index) {
    long position = 0;
    for (int axis : axes) {
      position = position * array.dimension(axis) + index[axis];
    }
    return position;
  }

  /** Values of all elements in memory order, in row-major order. */
  float[] rowMajor(float[] inMemory) {
    float[] values = new float[inMemory.length];
    for (int at = 0; at < values.length; at++) {
      values[at] = inMemory[Math.toIntExact(position(array.index(at)))];
    }
    return values;
  }
}
