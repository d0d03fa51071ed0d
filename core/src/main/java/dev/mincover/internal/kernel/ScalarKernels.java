package dev.mincover.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;

/** Kernels that take one value at a time. */
final class ScalarKernels implements Kernels {

  @Override
  public RowKernel of(KernelSpec spec) {
    return new ScalarRowKernel(spec);
  }

  @Override
  public int narrow(long rowLength) {
    return 1;
  }

  @Override
  public int largest(DataType type, MemorySegment g, long at, int n) {
    int largest = 0;
    for (int j = 0; j < n; j++) {
      int bits =
          type == DataType.FLOAT32
              ? g.get(JAVA_INT_UNALIGNED, at + (long) j * Float.BYTES)
              : g.get(JAVA_SHORT_UNALIGNED, at + (long) j * Short.BYTES) << 16;
      largest = Math.max(largest, bits & RowKernel.MAGNITUDE);
    }
    return largest;
  }
}
