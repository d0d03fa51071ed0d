package dev.mincover.internal;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** A vector register at a time, then {@link ScalarRowKernel} on the tail. */
final class VectorRowKernel implements RowKernel {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final ScalarRowKernel TAIL = new ScalarRowKernel();

  /** Whether vectors of this JVM are registers, rather than arrays on the heap. */
  static boolean isFast() {
    return F.vectorBitSize() >= 128;
  }

  @Override
  public int update(
      MemorySegment w,
      MemorySegment g,
      long at,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      float eta,
      Coefficients k) {
    IntVector rs = IntVector.broadcast(I, r);
    IntVector rNew = IntVector.zero(I);
    int bound = F.loopBound(n);
    for (int j = 0; j < bound; j += F.length()) {
      long o = (long) j * Float.BYTES;
      FloatVector gj = FloatVector.fromMemorySegment(F, g, at + o, ORDER);
      FloatVector nu = nu(IntVector.fromMemorySegment(I, c, cAt + o, ORDER), rs, gj, k);
      rNew = rNew.max(accumulate(nu, cNew, cNewAt + o, keep));
      FloatVector u = scale(gj, nu, k);
      FloatVector.fromMemorySegment(F, w, at + o, ORDER)
          .sub(u.mul(eta))
          .intoMemorySegment(w, at + o, ORDER);
    }
    long done = (long) bound * Float.BYTES;
    int tail =
        TAIL.update(
            w, g, at + done, c, cAt + done, cNew, cNewAt + done, n - bound, r, keep, eta, k);
    return Math.max(rNew.reduceLanes(VectorOperators.MAX), tail);
  }

  @Override
  public int updateWithMomentum(
      MemorySegment w,
      MemorySegment g,
      MemorySegment m,
      long at,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      float eta,
      Coefficients k) {
    IntVector rs = IntVector.broadcast(I, r);
    IntVector rNew = IntVector.zero(I);
    int bound = F.loopBound(n);
    for (int j = 0; j < bound; j += F.length()) {
      long o = (long) j * Float.BYTES;
      FloatVector gj = FloatVector.fromMemorySegment(F, g, at + o, ORDER);
      FloatVector nu = nu(IntVector.fromMemorySegment(I, c, cAt + o, ORDER), rs, gj, k);
      rNew = rNew.max(accumulate(nu, cNew, cNewAt + o, keep));
      FloatVector u = scale(gj, nu, k);
      FloatVector mj =
          FloatVector.fromMemorySegment(F, m, at + o, ORDER)
              .mul(k.keepMomentum())
              .add(u.mul(k.addMomentum()));
      mj.intoMemorySegment(m, at + o, ORDER);
      FloatVector.fromMemorySegment(F, w, at + o, ORDER)
          .sub(mj.mul(eta))
          .intoMemorySegment(w, at + o, ORDER);
    }
    long done = (long) bound * Float.BYTES;
    int tail =
        TAIL.updateWithMomentum(
            w, g, m, at + done, c, cAt + done, cNew, cNewAt + done, n - bound, r, keep, eta, k);
    return Math.max(rNew.reduceLanes(VectorOperators.MAX), tail);
  }

  private static FloatVector nu(IntVector c, IntVector r, FloatVector g, Coefficients k) {
    return c.min(r).reinterpretAsFloats().mul(k.keepNu()).add(g.mul(g).mul(k.addNu()));
  }

  private static IntVector accumulate(FloatVector nu, MemorySegment cNew, long at, int keep) {
    IntVector bits = nu.reinterpretAsInts();
    IntVector.fromMemorySegment(I, cNew, at, ORDER)
        .and(keep)
        .max(bits)
        .intoMemorySegment(cNew, at, ORDER);
    return bits;
  }

  private static FloatVector scale(FloatVector g, FloatVector nu, Coefficients k) {
    FloatVector d = nu.add(k.epsilon());
    return g.div(d.sqrt()).blend(0, d.compare(VectorOperators.EQ, 0));
  }
}
