package dev.mincover.internal.kernel;

import static dev.mincover.internal.kernel.VectorKernels.F;
import static dev.mincover.internal.kernel.VectorKernels.I;
import static dev.mincover.internal.kernel.VectorKernels.ORDER;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.MAX;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * The step that SM3 is used for most, without momentum over float32 and with nothing else asked
 * for, two rows at a time: c and c' are fetched once for both, and as fewer instructions wait for
 * memory, more of it is asked for ahead.
 *
 * @param single for an odd row
 * @param tail for values that fill no register
 */
record PairedRowKernel(RowKernel single, RowKernel tail) implements RowKernel {

  /** Whether it is made for a spec. */
  static boolean serves(KernelSpec spec) {
    return spec.equals(KernelSpec.PLAIN);
  }

  @Override
  public void step(
      Operands x,
      long wAt,
      long mAt,
      long gAt,
      long cAt,
      long cNewAt,
      int n,
      long stride,
      int first,
      int count) {
    int bound = F.loopBound(n);
    long rowBytes = stride * Float.BYTES;
    int paired = count & ~1;
    for (int i = 0; i < paired; i += 2) {
      pair(x, wAt + i * rowBytes, gAt + i * rowBytes, rowBytes, cAt, cNewAt, bound, first + i);
    }
    if (bound < n && paired > 0) {
      long o = (long) bound * Float.BYTES;
      int left = n - bound;
      tail.step(x, wAt + o, mAt, gAt + o, cAt + o, cNewAt + o, left, stride, first, paired);
    }
    if (paired < count) {
      long o = paired * rowBytes;
      single.step(x, wAt + o, mAt, gAt + o, cAt, cNewAt, n, stride, first + paired, 1);
    }
  }

  /** Rows {@code row} and {@code row + 1}, for n values that fill registers. */
  private static void pair(
      Operands x, long wAt, long gAt, long rowBytes, long cAt, long cNewAt, int n, int row) {
    MemorySegment w = x.w;
    MemorySegment g = x.g;
    MemorySegment c = x.c;
    MemorySegment cNew = x.cNew;
    float eta = x.k.eta;
    IntVector rA = IntVector.broadcast(I, x.r[row]);
    IntVector rB = IntVector.broadcast(I, x.r[row + 1]);
    IntVector rNewA = IntVector.zero(I);
    IntVector rNewB = IntVector.zero(I);
    long wB = wAt + rowBytes;
    long gB = gAt + rowBytes;
    for (int j = 0; j < n; j += F.length()) {
      long o = (long) j * Float.BYTES;
      IntVector column = IntVector.fromMemorySegment(I, c, cAt + o, ORDER);
      FloatVector a = FloatVector.fromMemorySegment(F, g, gAt + o, ORDER);
      FloatVector b = FloatVector.fromMemorySegment(F, g, gB + o, ORDER);
      FloatVector nuA = column.min(rA).reinterpretAsFloats().add(a.mul(a));
      FloatVector nuB = column.min(rB).reinterpretAsFloats().add(b.mul(b));
      IntVector bitsA = nuA.reinterpretAsInts().and(MAGNITUDE);
      IntVector bitsB = nuB.reinterpretAsInts().and(MAGNITUDE);
      rNewA = rNewA.max(bitsA);
      rNewB = rNewB.max(bitsB);
      IntVector raised = IntVector.fromMemorySegment(I, cNew, cNewAt + o, ORDER);
      raised.max(bitsA.max(bitsB)).intoMemorySegment(cNew, cNewAt + o, ORDER);
      FloatVector uA = a.div(nuA.sqrt()).blend(0, nuA.compare(EQ, 0));
      FloatVector uB = b.div(nuB.sqrt()).blend(0, nuB.compare(EQ, 0));
      FloatVector weightA = FloatVector.fromMemorySegment(F, w, wAt + o, ORDER);
      FloatVector weightB = FloatVector.fromMemorySegment(F, w, wB + o, ORDER);
      weightA.sub(uA.mul(eta)).intoMemorySegment(w, wAt + o, ORDER);
      weightB.sub(uB.mul(eta)).intoMemorySegment(w, wB + o, ORDER);
    }
    x.rNew[row] = Math.max(x.rNew[row], rNewA.reduceLanes(MAX));
    x.rNew[row + 1] = Math.max(x.rNew[row + 1], rNewB.reduceLanes(MAX));
  }
}
