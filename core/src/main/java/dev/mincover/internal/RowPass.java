package dev.mincover.internal;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The one loop over rows. A pass over a part of a tensor updates its weights and leaves the new
 * maxima in scratch memory; a commit merges the parts' maxima into mu. All passes over a tensor
 * read the mu of the step before.
 *
 * <p>Columns are taken in tiles, so that c and c' stay in the nearest cache [1], and rows in
 * blocks, so that a tile of c is fetched once for several rows [2]. Both are invisible in the
 * result.
 *
 * <p>[1] A tile of c and c' is 16 KiB. [2] A block's rows of g and w are streamed a tile at a time.
 */
public final class RowPass {

  private static final int TILE = 2048;
  private static final int BLOCK = 32;
  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  private final RowKernel kernel;
  private final Coefficients coefficients;

  /** A loop that runs the fastest kernel of this JVM. */
  public RowPass(Coefficients coefficients) {
    this(coefficients, RowKernel.fastest());
  }

  RowPass(Coefficients coefficients, RowKernel kernel) {
    this.coefficients = coefficients;
    this.kernel = kernel;
  }

  /** A thread's working memory; it outlives no step. */
  static final class Scratch {
    final MemorySegment memory;
    final int[] r = new int[BLOCK];
    final int[] rNew = new int[BLOCK];

    Scratch(Memory memory, long floats) {
      this.memory = memory.floats(floats);
    }
  }

  /** Updates the weights (and momentum) of one part; mu is only read, unless it can go in place. */
  void update(TensorState state, Part part, MemorySegment gradient, float eta, Scratch scratch) {
    RowView view = state.view;
    boolean inPlace = Part.inPlace(view);
    MemorySegment trailing = state.mu[state.mu.length - 1];
    MemorySegment c = view.folded() ? scratch.memory : trailing;
    MemorySegment cNew = inPlace ? trailing : scratch.memory;
    if (view.folded()) {
      layOutFoldedMinima(state, part, scratch.memory);
    }
    for (int axis = 0; axis < view.leading(); axis++) {
      long from = part.leadingAt[axis];
      zero(scratch.memory, from, part.leadingCount[axis]);
    }
    for (long row = part.row0; row < part.row1; row += BLOCK) {
      int rows = (int) Math.min(BLOCK, part.row1 - row);
      for (int i = 0; i < rows; i++) {
        scratch.r[i] = leadingMinimum(state, row + i);
      }
      Arrays.fill(scratch.rNew, 0, rows, 0);
      for (long column = part.column0; column < part.column1; column += TILE) {
        int n = (int) Math.min(TILE, part.column1 - column);
        long inPart = (column - part.column0) * Float.BYTES;
        long cAt = view.folded() ? part.foldedAt + inPart : column * Float.BYTES;
        long cNewAt = inPlace ? cAt : part.trailingAt + inPart;
        for (int i = 0; i < rows; i++) {
          long at = ((row + i) * view.rowLength() + column) * Float.BYTES;
          int keep = row + i == part.row0 ? 0 : -1;
          int r = scratch.r[i];
          int rNew =
              state.momentum == null
                  ? kernel.update(
                      state.weights,
                      gradient,
                      at,
                      c,
                      cAt,
                      cNew,
                      cNewAt,
                      n,
                      r,
                      keep,
                      eta,
                      coefficients)
                  : kernel.updateWithMomentum(
                      state.weights,
                      gradient,
                      state.momentum,
                      at,
                      c,
                      cAt,
                      cNew,
                      cNewAt,
                      n,
                      r,
                      keep,
                      eta,
                      coefficients);
          scratch.rNew[i] = Math.max(scratch.rNew[i], rNew);
        }
      }
      for (int i = 0; i < rows; i++) {
        raiseLeadingMaxima(view, part, row + i, scratch.rNew[i], scratch.memory);
      }
    }
  }

  /** Merges what the passes over all parts found; part i has left it in {@code scratch[i]}. */
  void commit(TensorState state, Part[] parts, Scratch[] scratch) {
    RowView view = state.view;
    for (int axis = 0; axis < view.leading(); axis++) {
      MemorySegment mu = state.mu[axis];
      zero(mu, 0, view.accumulators(axis));
      for (int p = 0; p < parts.length; p++) {
        long first = axis == 0 ? parts[p].first0 : 0;
        raise(mu, first, scratch[p].memory, parts[p].leadingAt[axis], parts[p].leadingCount[axis]);
      }
    }
    if (Part.inPlace(view)) {
      return;
    }
    for (int axis = view.leading(); axis < view.families(); axis++) {
      zero(state.mu[axis], 0, view.accumulators(axis));
    }
    for (int p = 0; p < parts.length; p++) {
      MemorySegment cNew = scratch[p].memory;
      long at = parts[p].trailingAt;
      long count = parts[p].column1 - parts[p].column0;
      if (view.folded()) {
        raiseFolded(state, parts[p].column0, cNew, at, count);
      } else {
        raise(state.mu[view.leading()], parts[p].column0, cNew, at, count);
      }
    }
  }

  /** r of one row: the least mu over the leading axes, +infinity if there are none. */
  private static int leadingMinimum(TensorState state, long row) {
    int r = INFINITY;
    long rest = row;
    for (int axis = state.view.leading() - 1; axis > 0; axis--) {
      long n = state.view.shape().dimension(axis);
      r = Math.min(r, state.mu[axis].getAtIndex(JAVA_INT, rest % n));
      rest /= n;
    }
    return state.view.leading() == 0 ? r : Math.min(r, state.mu[0].getAtIndex(JAVA_INT, rest));
  }

  private static void raiseLeadingMaxima(
      RowView view, Part part, long row, int rNew, MemorySegment scratch) {
    long rest = row;
    for (int axis = view.leading() - 1; axis > 0; axis--) {
      long n = view.shape().dimension(axis);
      raise(scratch, part.leadingAt[axis] + rest % n * Integer.BYTES, rNew);
      rest /= n;
    }
    if (view.leading() > 0) {
      raise(scratch, part.leadingAt[0] + (rest - part.first0) * Integer.BYTES, rNew);
    }
  }

  /** c of the part's columns where several axes lie along the row: the least of their mu. */
  private static void layOutFoldedMinima(TensorState state, Part part, MemorySegment scratch) {
    RowView view = state.view;
    for (long column = part.column0; column < part.column1; column++) {
      int c = INFINITY;
      long rest = column;
      for (int axis = view.families() - 1; axis >= view.leading(); axis--) {
        long n = view.accumulators(axis);
        c = Math.min(c, state.mu[axis].getAtIndex(JAVA_INT, rest % n));
        rest /= n;
      }
      scratch.set(JAVA_INT, part.foldedAt + (column - part.column0) * Integer.BYTES, c);
    }
  }

  /** The inverse: each c' raises the mu of every axis along the row. */
  private static void raiseFolded(
      TensorState state, long column0, MemorySegment cNew, long at, long count) {
    RowView view = state.view;
    for (long i = 0; i < count; i++) {
      int nu = cNew.get(JAVA_INT, at + i * Integer.BYTES);
      long rest = column0 + i;
      for (int axis = view.families() - 1; axis >= view.leading(); axis--) {
        long n = view.accumulators(axis);
        raise(state.mu[axis], rest % n * Integer.BYTES, nu);
        rest /= n;
      }
    }
  }

  private static void raise(MemorySegment mu, long first, MemorySegment by, long at, long count) {
    for (long i = 0; i < count; i++) {
      raise(mu, (first + i) * Integer.BYTES, by.get(JAVA_INT, at + i * Integer.BYTES));
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
}
