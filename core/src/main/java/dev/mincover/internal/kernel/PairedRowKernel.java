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
 * {@link KernelSpec#PLAIN}, the step that SM3 is used for most, two rows at a time. c and cNew are
 * read and written once for both rows, which is a third of the loop's traffic in the near cache;
 * and fewer instructions stand between one miss of g and w and the next, so that the processor asks
 * for more memory ahead. Decision 10 has the measurements, also of what was tried and lost.
 *
 * @param single for an odd row
 * @param tail for columns that fill no register
 */
record PairedRowKernel(RowKernel single, ScalarRowKernel tail) implements RowKernel {

  /** Whether it is made for a spec. */
  static boolean serves(KernelSpec spec) {
    return spec.equals(KernelSpec.PLAIN);
  }

  @Override
  public void step(Operands x, int from, int to) {
    int bound = F.loopBound(x.n);
    int paired = from + ((to - from) & ~1);
    for (int i = from; i < paired; i += 2) {
      pair(x, i, bound);
    }
    if (bound < x.n) {
      tail.step(x, from, paired, bound);
    }
    if (paired < to) {
      single.step(x, paired, to);
    }
  }

  /** Steps rows {@code i} and {@code i + 1}, named a and b, over n columns that fill registers. */
  private static void pair(Operands x, int i, int n) {
    MemorySegment w = x.w;
    MemorySegment g = x.g;
    MemorySegment c = x.c;
    MemorySegment cNew = x.cNew;
    long rowBytes = x.stride * Float.BYTES;
    long wA = x.wAt + i * rowBytes;
    long wB = wA + rowBytes;
    long gA = x.gAt + i * rowBytes;
    long gB = gA + rowBytes;
    long cAt = x.cAt;
    long cNewAt = x.cNewAt;
    float eta = x.k.eta;
    int row = x.firstRow + i;
    IntVector rA = IntVector.broadcast(I, x.r[row]);
    IntVector rB = IntVector.broadcast(I, x.r[row + 1]);
    IntVector rNewA = IntVector.zero(I);
    IntVector rNewB = IntVector.zero(I);
    for (int j = 0; j < n; j += F.length()) {
      long o = (long) j * Float.BYTES;
      IntVector column = IntVector.fromMemorySegment(I, c, cAt + o, ORDER);
      FloatVector a = FloatVector.fromMemorySegment(F, g, gA + o, ORDER);
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
      FloatVector weightA = FloatVector.fromMemorySegment(F, w, wA + o, ORDER);
      FloatVector weightB = FloatVector.fromMemorySegment(F, w, wB + o, ORDER);
      weightA.sub(uA.mul(eta)).intoMemorySegment(w, wA + o, ORDER);
      weightB.sub(uB.mul(eta)).intoMemorySegment(w, wB + o, ORDER);
    }
    x.rNew[row] = Math.max(x.rNew[row], rNewA.reduceLanes(MAX));
    x.rNew[row + 1] = Math.max(x.rNew[row + 1], rNewB.reduceLanes(MAX));
  }
}
