package dev.mincover.internal.pass;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.mincover.internal.kernel.Operands;
import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.pass.CoverAccumulators.Along;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.thread.ThreadScratch;
import java.lang.foreign.MemorySegment;

/**
 * The new maxima of one part of a tensor, and where they lie in its thread's scratch memory. In
 * order, each piece starting on a cache line:
 *
 * <ol>
 *   <li>rNew: for each axis that rows pick, its maxima; for axis 0, only those of the entries that
 *       the part visits.
 *   <li>cNew, the maxima along the row, one per column.
 *   <li>c, where it cannot be read from mu itself and must be laid out ({@link
 *       CoverAccumulators.Along}).
 *   <li>The groups that several columns share: folded axes, or sets.
 * </ol>
 *
 * <p>When all parts of a tensor are done, their maxima are merged into those of the first part,
 * whose pieces span the whole tensor, and become the accumulators. Taking maxima is exact and
 * associative, which is why neither the number of parts nor their order shows in the result.
 */
public final class ScratchMaxima {

  private static final int LINE = 16; // float32 values in a cache line

  private final CoverAccumulators accumulators;
  private final VisitedRows rows;
  private final TensorPart part;

  /** By leading axis: the first maximum held, how many, and the byte where they start. */
  private final long[] first;

  private final long[] count;
  private final long[] at;

  /** The byte at which cNew starts; unused where mu is updated in place. */
  private final long cNewAt;

  /** The byte at which c starts, or a tile of it, where it is laid out. */
  private final long cAt;

  /** The bytes at which the maxima of each folded axis start, or of all sets. */
  private final long[] groupAt;

  /** How much scratch the part needs, in float32 values. */
  public final long floats;

  /**
   * Lays out the maxima of a part.
   *
   * @param spansAll whether this is the tensor's first part, into which the others are merged
   */
  public ScratchMaxima(
      CoverAccumulators accumulators, VisitedRows rows, TensorPart part, boolean spansAll) {
    this.accumulators = accumulators;
    this.rows = rows;
    this.part = part;
    int axes = accumulators.leading.length;
    first = new long[axes];
    count = new long[axes];
    at = new long[axes];
    long next = 0;
    for (int f = 0; f < axes; f++) {
      AxisAccumulators axis = accumulators.leading[f];
      boolean some = axis.byIndex() && !spansAll;
      first[f] = some ? rows.entry(part.from()) : 0;
      count[f] =
          some
              ? rows.entry(part.to() - 1) + 1 - first[f]
              : axis.byIndex() ? rows.entries() : axis.count();
      at[f] = next * Float.BYTES;
      next += aligned(count[f]);
    }
    cNewAt = next * Float.BYTES;
    long length = part.column1() - part.column0();
    long tile = Math.min(length, RowPass.TILE);
    next +=
        switch (accumulators.along) {
          case EACH -> 0;
          case AXIS, FOLDED -> aligned(spansAll ? rows.layout.rowLength() : length);
          case NONE, SETS -> aligned(tile);
        };
    cAt = next * Float.BYTES;
    next +=
        switch (accumulators.along) {
          case EACH, AXIS -> 0;
          case FOLDED -> aligned(length);
          case NONE, SETS -> aligned(tile);
        };
    int groups =
        switch (accumulators.along) {
          case EACH, AXIS, NONE -> 0;
          case FOLDED -> spansAll ? accumulators.columns.length : 0;
          case SETS -> 1;
        };
    groupAt = new long[groups];
    for (int i = 0; i < groups; i++) {
      groupAt[i] = next * Float.BYTES;
      next += aligned(groupCount(i));
    }
    floats = next;
  }

  private long groupCount(int i) {
    return accumulators.along == Along.SETS
        ? accumulators.all.byteSize() / Float.BYTES
        : accumulators.columns[i].count();
  }

  /** Before a pass: all maxima 0, and c laid out where one layout serves all rows. */
  void clear(MemorySegment scratch) {
    for (int f = 0; f < at.length; f++) {
      zero(scratch, at[f], count[f]);
    }
    for (int i = 0; i < groupAt.length; i++) {
      zero(scratch, groupAt[i], groupCount(i));
    }
    long length = part.column1() - part.column0();
    switch (accumulators.along) {
      case AXIS, FOLDED -> {
        zero(scratch, cNewAt, (cAt - cNewAt) / Float.BYTES);
        if (accumulators.along == Along.FOLDED) {
          accumulators.layOutFolded(part.column0(), length, scratch, cAt);
        }
      }
      case NONE -> {
        for (long j = 0; j < Math.min(length, RowPass.TILE); j++) {
          scratch.set(JAVA_INT, cAt + j * Integer.BYTES, RowKernel.INFINITY);
        }
      }
      case EACH, SETS -> {}
    }
  }

  /**
   * Points at c and cNew of the columns from {@code column} on, as far as rows share them; where
   * each weight has its own, the row pass does.
   */
  void place(Operands x, long column) {
    long inPart = (column - part.column0()) * Float.BYTES;
    x.cAt =
        switch (accumulators.along) {
          case AXIS -> column * Float.BYTES;
          case FOLDED -> cAt + inPart;
          case NONE, SETS, EACH -> cAt;
        };
    x.cNewAt =
        switch (accumulators.along) {
          case AXIS, FOLDED -> cNewAt + inPart;
          case NONE, SETS, EACH -> cNewAt;
        };
  }

  /** Raises the maxima of every axis that the rows of a block pick. */
  void raiseLeading(ThreadScratch block, long position, int count) {
    MemorySegment memory = block.maxima.segment();
    for (int f = 0; f < at.length; f++) {
      AxisAccumulators axis = accumulators.leading[f];
      for (int i = 0; i < count; i++) {
        long index = axis.byIndex() ? rows.entry(position + i) : axis.index(block.row[i]);
        raise(memory, at[f] + (index - first[f]) * Integer.BYTES, block.operands.rNew[i]);
      }
    }
  }

  /** Raises the maxima of the sets that hold a tile's weights, whose nu lie where cNew does. */
  void raiseSets(MemorySegment scratch, long weight, int n) {
    accumulators.raiseSets(weight, n, scratch, cNewAt, scratch, groupAt[0]);
  }

  /** Merges another part's maxima into these, which span the whole tensor. */
  public void merge(MemorySegment scratch, ScratchMaxima other, MemorySegment others) {
    for (int f = 0; f < at.length; f++) {
      raise(scratch, at[f] + other.first[f] * Float.BYTES, others, other.at[f], other.count[f]);
    }
    switch (accumulators.along) {
      case AXIS, FOLDED ->
          raise(
              scratch,
              cNewAt + other.part.column0() * Float.BYTES,
              others,
              other.cNewAt,
              other.part.column1() - other.part.column0());
      case SETS -> raise(scratch, groupAt[0], others, other.groupAt[0], groupCount(0));
      case NONE, EACH -> {}
    }
  }

  /** How merged maxima become accumulators. */
  public interface Commit {
    /**
     * The new accumulator.
     *
     * @param mu of before the step
     * @param max the new maximum over its set
     */
    float of(float mu, float max);
  }

  /**
   * Writes the accumulators from merged maxima. Those of axis 0 are written for the entries visited
   * only.
   */
  public void commit(MemorySegment scratch, Commit visited, Commit shared) {
    for (int f = 0; f < at.length; f++) {
      AxisAccumulators axis = accumulators.leading[f];
      boolean some = axis.byIndex() && rows.isSparse();
      for (long i = 0; i < count[f]; i++) {
        long index = some ? rows.index(i) : i;
        write(axis.mu(), index, scratch, at[f] + i * Float.BYTES, some ? visited : shared);
      }
    }
    switch (accumulators.along) {
      case AXIS -> write(accumulators.columns[0].mu(), scratch, cNewAt, shared);
      case FOLDED -> {
        for (int f = 0; f < groupAt.length; f++) {
          AxisAccumulators axis = accumulators.columns[f];
          for (long column = 0; column < rows.layout.rowLength(); column++) {
            raise(
                scratch,
                groupAt[f] + axis.index(column) * Integer.BYTES,
                scratch.get(JAVA_INT, cNewAt + column * Integer.BYTES));
          }
          write(axis.mu(), scratch, groupAt[f], shared);
        }
      }
      case SETS -> write(accumulators.all, scratch, groupAt[0], shared);
      case NONE, EACH -> {}
    }
  }

  private static void write(MemorySegment mu, MemorySegment maxima, long at, Commit commit) {
    long count = mu.byteSize() / Float.BYTES;
    for (long i = 0; i < count; i++) {
      write(mu, i, maxima, at + i * Float.BYTES, commit);
    }
  }

  private static void write(
      MemorySegment mu, long index, MemorySegment maxima, long at, Commit commit) {
    float old = mu.getAtIndex(JAVA_FLOAT, index);
    mu.setAtIndex(JAVA_FLOAT, index, commit.of(old, maxima.get(JAVA_FLOAT, at)));
  }

  private static void raise(MemorySegment mu, long at, MemorySegment by, long byAt, long count) {
    for (long i = 0; i < count; i++) {
      long o = i * Integer.BYTES;
      raise(mu, at + o, by.get(JAVA_INT, byAt + o));
    }
  }

  private static void raise(MemorySegment maxima, long at, int nu) {
    maxima.set(JAVA_INT, at, Math.max(maxima.get(JAVA_INT, at), nu));
  }

  private static void zero(MemorySegment memory, long at, long count) {
    for (long i = 0; i < count; i++) {
      memory.set(JAVA_INT, at + i * Integer.BYTES, 0);
    }
  }

  private static long aligned(long floats) {
    return (floats + LINE - 1) / LINE * LINE;
  }
}
