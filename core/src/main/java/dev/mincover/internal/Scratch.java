package dev.mincover.internal;

import java.lang.foreign.MemorySegment;

/**
 * A thread's working memory; what it holds is worthless after a pass is committed.
 *
 * <p>[1] Outside the heap: a kernel that meets both kinds of memory is compiled for neither, and is
 * several times slower on both.
 */
final class Scratch {

  /** Values that are decoded at a time. */
  static final int TILE = 2048;

  /** Room for maxima, outside the heap. */
  final Memory.Growing memory;

  // A tile each of a composed step: gradient, a repeated row's other values, u, momentum, weights.
  final float[] g = new float[TILE];
  final float[] other = new float[TILE];
  final float[] u = new float[TILE];
  final float[] m = new float[TILE];
  final float[] w = new float[TILE];

  /** Those of g, m and w as a kernel reads them; obtained when first needed [1]. */
  private final Memory.Growing tiles;

  /** What a kernel is given. */
  final Operands operands = new Operands();

  /** The rows of a block. */
  final long[] row = new long[RowPass.BLOCK];

  /** Bits of the largest statistic of the part last passed over. */
  int largest;

  Scratch(Memory memory) {
    this.memory = memory.new Growing();
    tiles = memory.new Growing();
  }

  /** Makes room for the tiles of operands that a kernel cannot work on where they lie. */
  void ensureTiles() {
    tiles.ensure(3L * TILE);
  }

  MemorySegment tiles() {
    return tiles.segment();
  }

  void close() {
    memory.close();
    tiles.close();
  }
}
