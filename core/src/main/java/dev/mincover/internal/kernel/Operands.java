package dev.mincover.internal.kernel;

import dev.mincover.internal.pass.RowPass;
import java.lang.foreign.MemorySegment;

/** Where a kernel finds what it works on; one a thread, filled before a pass. */
public final class Operands {
  public MemorySegment w = MemorySegment.NULL;
  public MemorySegment m = MemorySegment.NULL;
  public MemorySegment g = MemorySegment.NULL;
  public MemorySegment c = MemorySegment.NULL;
  public MemorySegment cNew = MemorySegment.NULL;
  public Coefficients k = new Coefficients();

  /** By row of a block, the bits of its r; one more is read than there are rows. */
  public final int[] r = new int[RowPass.BLOCK + 1];

  /** By row of a block, the bits of its r'. */
  public final int[] rNew = new int[RowPass.BLOCK];

  /** Lets go of the memory. */
  public void clear() {
    w = MemorySegment.NULL;
    m = MemorySegment.NULL;
    g = MemorySegment.NULL;
    c = MemorySegment.NULL;
    cNew = MemorySegment.NULL;
  }
}
