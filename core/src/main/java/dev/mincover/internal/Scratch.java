package dev.mincover.internal;

/** A thread's working memory; what it holds is worthless after a pass is committed. */
final class Scratch {

  /** Room for maxima, outside the heap. */
  final Memory.Growing memory;

  // A tile each of a composed step: gradient, a repeated row's other values, u, momentum, weights.
  final float[] g = new float[RowPass.TILE];
  final float[] other = new float[RowPass.TILE];
  final float[] u = new float[RowPass.TILE];
  final float[] m = new float[RowPass.TILE];
  final float[] w = new float[RowPass.TILE];

  // The rows of a block, and the bits of their r and r'.
  final long[] row = new long[RowPass.BLOCK];
  final int[] r = new int[RowPass.BLOCK];
  final int[] rNew = new int[RowPass.BLOCK];

  /** Bits of the largest statistic of the part last passed over. */
  int largest;

  Scratch(Memory memory) {
    this.memory = memory.new Growing();
  }
}
