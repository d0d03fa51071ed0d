package dev.mincover.internal;

import java.lang.foreign.MemorySegment;

/** Where a kernel finds what it works on; one a thread, filled before a pass. */
final class Operands {
  MemorySegment w = MemorySegment.NULL;
  MemorySegment m = MemorySegment.NULL;
  MemorySegment g = MemorySegment.NULL;
  MemorySegment c = MemorySegment.NULL;
  MemorySegment cNew = MemorySegment.NULL;
  Coefficients k = new Coefficients();

  /** By row of a block, the bits of its r; one more is read than there are rows. */
  final int[] r = new int[RowPass.BLOCK + 1];

  /** By row of a block, the bits of its r'. */
  final int[] rNew = new int[RowPass.BLOCK];

  /** Lets go of the memory. */
  void clear() {
    w = MemorySegment.NULL;
    m = MemorySegment.NULL;
    g = MemorySegment.NULL;
    c = MemorySegment.NULL;
    cNew = MemorySegment.NULL;
  }
}
