package dev.mincover.internal.thread;

import dev.mincover.internal.kernel.Operands;
import dev.mincover.internal.storage.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * A thread's working memory. What it holds is worthless once a pass is committed.
 *
 * <p>[1] Outside the heap: a kernel that meets both kinds of memory is compiled for neither, and is
 * several times slower on both.
 */
public final class ThreadScratch {

  /** Values that are decoded at a time. */
  public static final int TILE = 2048;

  /** Sums that a scan of gradients adds up side by side. */
  public static final int LANES = 256;

  /** {@link #overflowAt} if no weight has left its format's range. */
  public static final long NOWHERE = Long.MAX_VALUE;

  /** Where the decoded gradient lies among the {@link #tiles}, in bytes. */
  public static final long G_TILE = 0;

  /** Where decoded momentum lies. */
  public static final long M_TILE = TILE * (long) Float.BYTES;

  /** Where decoded weights lie. */
  public static final long W_TILE = 2 * M_TILE;

  /** Room for the new maxima of one part of a tensor, outside the heap. */
  public final NativeMemory.Growing maxima;

  /** A tile of gradient. */
  public final float[] g = new float[TILE];

  /** A tile of the other values of a repeated row, or whatever a rule needs one more of. */
  public final float[] other = new float[TILE];

  /** A tile of updates. */
  public final float[] u = new float[TILE];

  /** A tile of momentum. */
  public final float[] m = new float[TILE];

  /** A tile of weights. */
  public final float[] w = new float[TILE];

  /** The sums of a scan. */
  public final double[] lanes = new double[LANES];

  /** Those of g, m and w as a kernel reads them; obtained when first needed [1]. */
  private final NativeMemory.Growing tiles;

  /** What a kernel is given. */
  public final Operands operands = new Operands();

  /** The rows of a block, by their number in the tensor. */
  public final long[] row = new long[Operands.MOST_ROWS];

  /** Bits of the largest statistic of the part last passed over. */
  public int largest;

  /** The first weight of that part to have left its format's range, in row-major order. */
  public long overflowAt;

  ThreadScratch(NativeMemory memory) {
    maxima = memory.new Growing();
    tiles = memory.new Growing();
  }

  /** Before a pass over a part. */
  public void begin() {
    largest = 0;
    overflowAt = NOWHERE;
  }

  /** Makes room for the tiles of operands that a kernel cannot work on where they lie. */
  void ensureTiles() {
    tiles.ensure(3L * TILE);
  }

  /** The memory of the tiles. */
  public MemorySegment tiles() {
    return tiles.segment();
  }

  void close() {
    maxima.close();
    tiles.close();
  }
}
