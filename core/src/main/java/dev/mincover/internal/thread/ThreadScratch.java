package dev.mincover.internal.thread;

import dev.mincover.internal.kernel.Operands;
import dev.mincover.internal.pass.RowPass;
import dev.mincover.internal.storage.NativeMemory;
import java.lang.foreign.MemorySegment;

/**
 * A thread's working memory; what it holds is worthless after a pass is committed.
 *
 * <p>[1] Outside the heap: a kernel that meets both kinds of memory is compiled for neither, and is
 * several times slower on both.
 */
public final class ThreadScratch {

  /** Values that are decoded at a time. */
  public static final int TILE = 2048;

  /** Room for maxima, outside the heap. */
  public final NativeMemory.Growing memory;

  // A tile each of a composed step: gradient, a repeated row's other values, u, momentum, weights.
  public final float[] g = new float[TILE];
  public final float[] other = new float[TILE];
  public final float[] u = new float[TILE];
  public final float[] m = new float[TILE];
  public final float[] w = new float[TILE];

  /** Those of g, m and w as a kernel reads them; obtained when first needed [1]. */
  private final NativeMemory.Growing tiles;

  /** What a kernel is given. */
  public final Operands operands = new Operands();

  /** The rows of a block. */
  public final long[] row = new long[RowPass.BLOCK];

  /** Bits of the largest statistic of the part last passed over. */
  public int largest;

  public ThreadScratch(NativeMemory memory) {
    this.memory = memory.new Growing();
    tiles = memory.new Growing();
  }

  /** Makes room for the tiles of operands that a kernel cannot work on where they lie. */
  public void ensureTiles() {
    tiles.ensure(3L * TILE);
  }

  public MemorySegment tiles() {
    return tiles.segment();
  }

  public void close() {
    memory.close();
    tiles.close();
  }
}
