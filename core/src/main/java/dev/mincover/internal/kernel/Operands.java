package dev.mincover.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What a kernel works on: a block of rows, of each of which it steps the same stretch of columns.
 * {@link RowKernel} says what the letters stand for.
 *
 * <p>There is one object per thread, which is rewritten before each call, since a step must leave
 * nothing on the heap [1]. All offsets are in bytes and belong to the block's row 0; row i lies i
 * times {@link #stride} values further on in w, m and g, and under the same c and cNew.
 *
 * <p>[1] Fields in place of ten positional arguments cost nothing as long as a kernel reads each
 * into a local before its loop: a store to memory might change a field, for all the compiler knows.
 */
public final class Operands {

  /** The most rows of a block. */
  public static final int MOST_ROWS = 32;

  /** Weights, read and overwritten. */
  public MemorySegment w = MemorySegment.NULL;

  /** Momentum, read and overwritten; unused without momentum. */
  public MemorySegment m = MemorySegment.NULL;

  /** The gradient, read. */
  public MemorySegment g = MemorySegment.NULL;

  /** The accumulators along the rows, as they were before the step, read. */
  public MemorySegment c = MemorySegment.NULL;

  /** The new maxima along the rows, raised or overwritten; it may be the memory of {@link #c}. */
  public MemorySegment cNew = MemorySegment.NULL;

  /** Where in {@link #w} the stretch of row 0 starts. */
  public long wAt;

  /** Where in {@link #m} the stretch of row 0 starts. */
  public long mAt;

  /** Where in {@link #g} the stretch of row 0 starts. */
  public long gAt;

  /** Where in {@link #c} the stretch of columns starts. */
  public long cAt;

  /** Where in {@link #cNew} the stretch of columns starts. */
  public long cNewAt;

  /** How many values a stretch has. */
  public int n;

  /** Values from the start of one row's stretch to that of the next row's, in w, m and g. */
  public long stride;

  /** Which entry of {@link #r} and {@link #rNew} belongs to row 0. */
  public int firstRow;

  /** The step's numbers. */
  public Coefficients k = new Coefficients();

  /** By row, the bits of the least accumulator that the row picks; one more is read than given. */
  public final int[] r = new int[MOST_ROWS + 1];

  /** By row, the bits of the largest nu so far; raised. */
  public final int[] rNew = new int[MOST_ROWS];

  /** Lets go of the memory, so that nothing of the caller's is kept alive between steps. */
  public void clear() {
    w = MemorySegment.NULL;
    m = MemorySegment.NULL;
    g = MemorySegment.NULL;
    c = MemorySegment.NULL;
    cNew = MemorySegment.NULL;
  }
}
