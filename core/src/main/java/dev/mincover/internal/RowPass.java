package dev.mincover.internal;

import dev.mincover.internal.Accumulators.Along;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The one loop over rows. A pass over a part of a tensor reads the mu of the step before, moves the
 * weights and leaves the new maxima in scratch memory, to be merged and committed.
 *
 * <p>Columns are taken in tiles, so that c and c' stay in the nearest cache [1], and rows in
 * blocks, so that a tile of c is fetched once for several rows [2]. Both are invisible in the
 * result. Weights and gradients that a kernel can use where they lie are stepped by one fused
 * kernel; all others go through tiles, decoded, stepped and encoded again [3].
 *
 * <p>[1] A tile of c and c' is 16 KiB. [2] A block's rows of g and w are streamed a tile at a time.
 * [3] The same operations in the same order: equal bits.
 */
final class RowPass {

  static final int TILE = 2048;
  static final int BLOCK = 32;

  private final RowKernel kernel;

  /** A loop that runs the fastest kernel of this JVM. */
  RowPass() {
    this(RowKernel.fastest());
  }

  RowPass(RowKernel kernel) {
    this.kernel = kernel;
  }

  /**
   * What a pass is over and for.
   *
   * @param moves whether weights are moved; if not, only maxima are taken and r counts as 0
   * @param raises whether the maxima will be committed
   */
  record Work(
      Tensor tensor,
      Accumulators mu,
      StepGradient gradient,
      Coefficients coefficients,
      boolean moves,
      boolean raises,
      long key) {}

  /** Passes over one part and leaves its maxima in scratch memory. */
  void run(Work work, Part part, Maxima maxima, Scratch scratch) {
    Accumulators mu = work.mu;
    Rows rows = work.gradient.rows;
    long rowLength = rows.view.rowLength();
    MemorySegment memory = scratch.memory.segment();
    Along along = mu.along;
    MemorySegment c =
        switch (along) {
          case AXIS -> mu.columns[0].mu();
          case EACH -> mu.all;
          case NONE, FOLDED, SETS -> memory;
        };
    MemorySegment cNew = along == Along.EACH ? mu.all : memory;
    int keep = along == Along.EACH || along == Along.SETS ? 0 : -1;
    maxima.clear(memory);
    int largest = 0;
    for (long first = part.from(); first < part.to(); first += BLOCK) {
      int count = (int) Math.min(BLOCK, part.to() - first);
      for (int i = 0; i < count; i++) {
        scratch.row[i] = rows.row(first + i);
        scratch.r[i] = work.moves ? mu.leadingMinimum(scratch.row[i]) : 0;
      }
      Arrays.fill(scratch.rNew, 0, count, 0);
      for (long column = part.column0(); column < part.column1(); column += TILE) {
        int n = (int) Math.min(TILE, part.column1() - column);
        long inPart = (column - part.column0()) * Float.BYTES;
        for (int i = 0; i < count; i++) {
          long at = scratch.row[i] * rowLength + column;
          long cAt = maxima.laidOutAt;
          long cNewAt = maxima.trailingAt;
          switch (along) {
            case AXIS -> {
              cAt = column * Float.BYTES;
              cNewAt += inPart;
            }
            case FOLDED -> {
              cAt += inPart;
              cNewAt += inPart;
            }
            case EACH -> {
              cAt = at * Float.BYTES;
              cNewAt = cAt;
            }
            case SETS -> mu.layOutSets(at, n, memory, cAt);
            case NONE -> {}
          }
          int rNew =
              stretch(
                  work,
                  first + i,
                  column,
                  at,
                  c,
                  cAt,
                  cNew,
                  cNewAt,
                  n,
                  scratch.r[i],
                  keep,
                  scratch);
          scratch.rNew[i] = Math.max(scratch.rNew[i], rNew);
          if (along == Along.SETS && work.raises) {
            maxima.raiseSets(memory, at, n);
          }
        }
      }
      for (int i = 0; i < count; i++) {
        maxima.raiseLeading(memory, first + i, scratch.row[i], scratch.rNew[i]);
        largest = Math.max(largest, scratch.rNew[i]);
      }
    }
    scratch.largest = largest;
  }

  /** A stretch of one row, by the fused kernel where weights and gradient allow it. */
  private int stretch(
      Work work,
      long position,
      long column,
      long at,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Scratch scratch) {
    Tensor tensor = work.tensor;
    StepGradient gradient = work.gradient;
    Coefficients k = work.coefficients;
    if (work.moves && tensor.isFusible() && gradient.isDirect(position)) {
      MemorySegment w = tensor.parameter.weights();
      MemorySegment g = gradient.segment;
      long wAt = at * Float.BYTES;
      long gAt = gradient.directAt(position, column);
      @Nullable MemorySegment m = tensor.momentumFloats;
      return m == null
          ? kernel.update(w, wAt, g, gAt, c, cAt, cNew, cNewAt, n, r, keep, k)
          : kernel.updateWithMomentum(w, m, wAt, g, gAt, c, cAt, cNew, cNewAt, n, r, keep, k);
    }
    gradient.load(position, column, n, scratch.g, scratch.other);
    int rNew = kernel.precondition(scratch.g, scratch.u, c, cAt, cNew, cNewAt, n, r, keep, k);
    if (work.moves) {
      tensor.move(at, n, scratch.u, k, work.key, scratch);
    }
    return rNew;
  }
}
