package dev.mincover.internal.pass;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.cover.Cover;
import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * The accumulators mu of one parameter under its cover, by where a row pass finds them: those
 * picked by the row, and those along it.
 */
public final class CoverAccumulators {

  /**
   * How the accumulators along a row are found: where c, those of before the step, and cNew, the
   * new maxima, lie for a kernel.
   */
  public enum Along {
    /**
     * There are none: only what the row picks counts. c is a tile of +infinity, the neutral element
     * of min, and cNew a tile that nobody reads.
     */
    NONE,
    /** One per column. c is mu itself; cNew is in scratch memory. */
    AXIS,
    /**
     * Several axes lie along the row, and each column falls under one accumulator of each. c, the
     * least of them, is laid out in scratch memory once for a part; cNew is beside it, one per
     * column, and is brought together by axis when it is committed.
     */
    FOLDED,
    /**
     * One per weight, as AdaGrad has it. c and cNew are both mu itself: no two weights share one,
     * so that it can be updated in place.
     */
    EACH,
    /**
     * Sets of the user's choice. c is laid out anew for each row; cNew takes the nu of its weights,
     * which then raise the maxima of the sets that hold them.
     */
    SETS;

    /** Whether all rows lie under the same c and cNew, which the kernel then raises. */
    boolean isShared() {
      return this == NONE || this == AXIS || this == FOLDED;
    }
  }

  /** How those along a row are found. */
  public final Along along;

  /** Picked by the row. */
  public final AxisAccumulators[] leading;

  /** Picked by the column: one if {@link Along#AXIS}, several if folded. */
  public final AxisAccumulators[] columns;

  /** All of {@link Along#EACH} or {@link Along#SETS}; empty otherwise. */
  public final MemorySegment all;

  /** By weight and one more, where its sets begin in {@link #setsOf}; empty without sets. */
  private final MemorySegment firstSet;

  private final MemorySegment setsOf;

  /** All of them, in the order in which they are shown and saved. */
  private final List<Named> named;

  /** Accumulators under the name that they have in a saved state. */
  private record Named(String name, Shape shape, MemorySegment mu) {}

  private CoverAccumulators(
      Along along,
      List<AxisAccumulators> leading,
      List<AxisAccumulators> columns,
      MemorySegment all,
      MemorySegment firstSet,
      MemorySegment setsOf,
      List<Named> named) {
    this.along = along;
    this.leading = leading.toArray(AxisAccumulators[]::new);
    this.columns = columns.toArray(AxisAccumulators[]::new);
    this.all = all;
    this.firstSet = firstSet;
    this.setsOf = setsOf;
    this.named = named;
  }

  /**
   * Allocates the accumulators of a parameter, zeroed.
   *
   * @param name of the parameter
   * @throws IllegalArgumentException if the cover does not fit the shape, or leaves a weight out
   */
  public static CoverAccumulators of(
      String name, Cover cover, RowLayout layout, NativeMemory memory) {
    int rank = layout.shape().rank();
    return switch (cover) {
      case Cover.Slices _ when rank >= 2 -> axes(allAxes(rank), layout, memory);
      case Cover.Slices _ -> each(layout, memory);
      case Cover.Singletons _ -> each(layout, memory);
      case Cover.Whole _ -> whole(memory);
      case Cover.Axes _ when rank == 0 -> each(layout, memory);
      case Cover.Axes axes -> {
        requireAxes(name, layout.shape(), axes);
        yield rank == 1 ? each(layout, memory) : axes(axes.axes(), layout, memory);
      }
      case Cover.Sets sets -> sets(name, layout.shape().size(), sets, memory);
    };
  }

  /** One a weight. */
  public static CoverAccumulators each(RowLayout layout, NativeMemory memory) {
    MemorySegment mu = memory.floats(layout.shape().size());
    return new CoverAccumulators(
        Along.EACH,
        List.of(),
        List.of(),
        mu,
        MemorySegment.NULL,
        MemorySegment.NULL,
        List.of(new Named("mu", layout.shape(), mu)));
  }

  private static CoverAccumulators whole(NativeMemory memory) {
    AxisAccumulators one = new AxisAccumulators(memory.floats(1), Long.MAX_VALUE, 1, false);
    return axes(
        Along.NONE, List.of(one), List.of(), List.of(new Named("mu", Shape.of(), one.mu())));
  }

  private static CoverAccumulators axes(List<Integer> axes, RowLayout layout, NativeMemory memory) {
    Shape shape = layout.shape();
    List<AxisAccumulators> leading = new ArrayList<>();
    List<AxisAccumulators> columns = new ArrayList<>();
    List<Named> named = new ArrayList<>();
    for (int axis : axes) {
      long count = shape.dimension(axis);
      MemorySegment mu = memory.floats(count);
      named.add(new Named("mu." + axis, Shape.of(count), mu));
      if (axis < layout.leading()) {
        long stride = RowLayout.product(shape, axis + 1, layout.leading());
        // That of axis 0 comes first, wherever it is shown.
        leading.add(
            axis == 0 ? 0 : leading.size(),
            new AxisAccumulators(mu, Math.max(1, stride), count, axis == 0));
      } else {
        long stride = RowLayout.product(shape, axis + 1, shape.rank());
        columns.add(new AxisAccumulators(mu, Math.max(1, stride), count, false));
      }
    }
    boolean plain = layout.leading() == shape.rank() - 1;
    Along along = columns.isEmpty() ? Along.NONE : plain ? Along.AXIS : Along.FOLDED;
    return axes(along, leading, columns, named);
  }

  private static CoverAccumulators axes(
      Along along,
      List<AxisAccumulators> leading,
      List<AxisAccumulators> columns,
      List<Named> named) {
    return new CoverAccumulators(
        along, leading, columns, MemorySegment.NULL, MemorySegment.NULL, MemorySegment.NULL, named);
  }

  private static CoverAccumulators sets(
      String name, long weights, Cover.Sets sets, NativeMemory memory) {
    int[] firstSet = countSets(name, weights, sets);
    int size = firstSet.length - 1;
    MemorySegment first = memory.ints(size + 1L);
    MemorySegment setsOf = memory.ints(firstSet[size]);
    MemorySegment mu = memory.floats(sets.count());
    if (!memory.isCounting()) {
      MemorySegment.copy(firstSet, 0, first, JAVA_INT, 0, firstSet.length);
      for (int r = 0; r < sets.count(); r++) {
        for (long member : sets.set(r)) {
          setsOf.setAtIndex(JAVA_INT, firstSet[(int) member]++, r);
        }
      }
    }
    return new CoverAccumulators(
        Along.SETS,
        List.of(),
        List.of(),
        mu,
        first,
        setsOf,
        List.of(new Named("mu", Shape.of(sets.count()), mu)));
  }

  /** Where the sets of each weight will begin, once all members are known to be right. */
  private static int[] countSets(String name, long size, Cover.Sets sets) {
    if (size >= Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "parameter '%s' has %d weights; a cover by sets of indices takes at most %d"
              .formatted(name, size, Integer.MAX_VALUE - 1));
    }
    long members = 0;
    for (int r = 0; r < sets.count(); r++) {
      members += sets.set(r).length;
    }
    if (members > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "the sets of the cover of parameter '%s' have %d members; they may have at most %d in all"
              .formatted(name, members, Integer.MAX_VALUE));
    }
    int[] first = new int[(int) size + 1];
    for (int r = 0; r < sets.count(); r++) {
      for (long member : sets.set(r)) {
        if (member < 0 || member >= size) {
          throw new IllegalArgumentException(
              "set %d of the cover of parameter '%s' holds index %d; its %d weights have the indices 0 to %d"
                  .formatted(r, name, member, size, size - 1));
        }
        first[(int) member + 1]++;
      }
    }
    for (int i = 0; i < size; i++) {
      if (first[i + 1] == 0) {
        throw new IllegalArgumentException(
            "the cover of parameter '%s' leaves out index %d; put every index from 0 to %d in a set"
                .formatted(name, i, size - 1));
      }
      first[i + 1] += first[i];
    }
    return first;
  }

  private static void requireAxes(String name, Shape shape, Cover.Axes axes) {
    int most = Collections.max(axes.axes());
    if (most >= shape.rank()) {
      throw new IllegalArgumentException(
          "the cover of parameter '%s' names axis %d; shape %s has axes 0 to %d"
              .formatted(name, most, shape, shape.rank() - 1));
    }
  }

  private static List<Integer> allAxes(int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      axes.add(axis);
    }
    return axes;
  }

  /** Whether each index of axis 0 has accumulators that no other index shares. */
  public boolean ownedByIndex() {
    return along == Along.EACH || (leading.length > 0 && leading[0].byIndex());
  }

  /**
   * Finds the least accumulator that each row picks.
   *
   * @param row rows, by their number in the tensor
   * @param count how many
   * @param r overwritten with the bits of each minimum; those of +infinity if a row picks none
   */
  void leadingMinima(long[] row, int count, int[] r) {
    Arrays.fill(r, 0, count, RowKernel.INFINITY);
    for (AxisAccumulators axis : leading) {
      MemorySegment mu = axis.mu();
      for (int i = 0; i < count; i++) {
        r[i] = Math.min(r[i], mu.getAtIndex(JAVA_INT, axis.index(row[i])));
      }
    }
  }

  /** Lays out the least accumulator of each of {@code n} folded columns. */
  void layOutFolded(long column, long n, MemorySegment into, long at) {
    for (long j = 0; j < n; j++) {
      int c = RowKernel.INFINITY;
      for (AxisAccumulators axis : columns) {
        c = Math.min(c, axis.mu().getAtIndex(JAVA_INT, axis.index(column + j)));
      }
      into.set(JAVA_INT, at + j * Integer.BYTES, c);
    }
  }

  /** Lays out the least accumulator of each of {@code n} weights that sets hold. */
  void layOutSets(long weight, int n, MemorySegment into, long at) {
    for (int j = 0; j < n; j++) {
      int c = RowKernel.INFINITY;
      int end = firstSet.getAtIndex(JAVA_INT, weight + j + 1);
      for (int s = firstSet.getAtIndex(JAVA_INT, weight + j); s < end; s++) {
        c = Math.min(c, all.getAtIndex(JAVA_INT, setsOf.getAtIndex(JAVA_INT, s)));
      }
      into.set(JAVA_INT, at + (long) j * Integer.BYTES, c);
    }
  }

  /** The inverse: raises, for each of {@code n} weights, the maxima of the sets that hold it. */
  void raiseSets(long weight, int n, MemorySegment nu, long nuAt, MemorySegment maxima, long at) {
    for (int j = 0; j < n; j++) {
      int value = nu.get(JAVA_INT, nuAt + (long) j * Integer.BYTES);
      int end = firstSet.getAtIndex(JAVA_INT, weight + j + 1);
      for (int s = firstSet.getAtIndex(JAVA_INT, weight + j); s < end; s++) {
        long set = at + (long) setsOf.getAtIndex(JAVA_INT, s) * Integer.BYTES;
        maxima.set(JAVA_INT, set, Math.max(maxima.get(JAVA_INT, set), value));
      }
    }
  }

  /** Copies the accumulators to the heap: one array per axis, or one for all. */
  public float[][] copy() {
    return named.stream().map(each -> each.mu().toArray(JAVA_FLOAT)).toArray(float[][]::new);
  }

  /** The accumulators in their own memory, to be saved or overwritten. */
  public List<NamedTensor> state() {
    return named.stream()
        .map(each -> NamedTensor.of(each.name(), each.shape(), each.mu()))
        .toList();
  }
}
