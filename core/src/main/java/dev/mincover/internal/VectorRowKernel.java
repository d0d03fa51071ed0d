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
      long wAt,
      MemorySegment g,
      long gAt,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Coefficients k) {
    IntVector rs = IntVector.broadcast(I, r);
    IntVector rNew = IntVector.zero(I);
    int bound = F.loopBound(n);
    for (int j = 0; j < bound; j += F.length()) {
      long o = (long) j * Float.BYTES;
      FloatVector gj = FloatVector.fromMemorySegment(F, g, gAt + o, ORDER);
      FloatVector nu = nu(IntVector.fromMemorySegment(I, c, cAt + o, ORDER), rs, gj, k);
      rNew = rNew.max(accumulate(nu, cNew, cNewAt + o, keep));
      move(w, wAt + o, scale(gj, nu, k), k);
    }
    long done = (long) bound * Float.BYTES;
    int tail =
        TAIL.update(
            w,
            wAt + done,
            g,
            gAt + done,
            c,
            cAt + done,
            cNew,
            cNewAt + done,
            n - bound,
            r,
            keep,
            k);
    return Math.max(rNew.reduceLanes(VectorOperators.MAX), tail);
  }

  @Override
  public int updateWithMomentum(
      MemorySegment w,
      MemorySegment m,
      long wAt,
      MemorySegment g,
      long gAt,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Coefficients k) {
    IntVector rs = IntVector.broadcast(I, r);
    IntVector rNew = IntVector.zero(I);
    int bound = F.loopBound(n);
    for (int j = 0; j < bound; j += F.length()) {
      long o = (long) j * Float.BYTES;
      FloatVector gj = FloatVector.fromMemorySegment(F, g, gAt + o, ORDER);
      FloatVector nu = nu(IntVector.fromMemorySegment(I, c, cAt + o, ORDER), rs, gj, k);
      rNew = rNew.max(accumulate(nu, cNew, cNewAt + o, keep));
      FloatVector u = scale(gj, nu, k);
      FloatVector mj =
          FloatVector.fromMemorySegment(F, m, wAt + o, ORDER)
              .mul(k.keepMomentum())
              .add(u.mul(k.addMomentum()));
      mj.intoMemorySegment(m, wAt + o, ORDER);
      move(w, wAt + o, mj, k);
    }
    long done = (long) bound * Float.BYTES;
    int tail =
        TAIL.updateWithMomentum(
            w,
            m,
            wAt + done,
            g,
            gAt + done,
            c,
            cAt + done,
            cNew,
            cNewAt + done,
            n - bound,
            r,
            keep,
            k);
    return Math.max(rNew.reduceLanes(VectorOperators.MAX), tail);
  }

  @Override
  public int precondition(
      float[] g,
      float[] u,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Coefficients k) {
    IntVector rs = IntVector.broadcast(I, r);
    IntVector rNew = IntVector.zero(I);
    int bound = F.loopBound(n);
    for (int j = 0; j < bound; j += F.length()) {
      long o = (long) j * Float.BYTES;
      FloatVector gj = FloatVector.fromArray(F, g, j);
      FloatVector nu = nu(IntVector.fromMemorySegment(I, c, cAt + o, ORDER), rs, gj, k);
      rNew = rNew.max(accumulate(nu, cNew, cNewAt + o, keep));
      scale(gj, nu, k).intoArray(u, j);
    }
    long done = (long) bound * Float.BYTES;
    int tail =
        TAIL.precondition(g, u, bound, c, cAt + done, cNew, cNewAt + done, n - bound, r, keep, k);
    return Math.max(rNew.reduceLanes(VectorOperators.MAX), tail);
  }

  @Override
  public int largest(MemorySegment g, long at, int n) {
    IntVector largest = IntVector.zero(I);
    int bound = I.loopBound(n);
    for (int j = 0; j < bound; j += I.length()) {
      long o = (long) j * Float.BYTES;
      largest = largest.max(IntVector.fromMemorySegment(I, g, at + o, ORDER).and(MAGNITUDE));
    }
    int tail = TAIL.largest(g, at + (long) bound * Float.BYTES, n - bound);
    return Math.max(largest.reduceLanes(VectorOperators.MAX), tail);
  }

  private static void move(MemorySegment w, long at, FloatVector direction, Coefficients k) {
    FloatVector.fromMemorySegment(F, w, at, ORDER)
        .mul(k.keepWeight())
        .sub(direction.mul(k.eta()))
        .intoMemorySegment(w, at, ORDER);
  }

  private static FloatVector nu(IntVector c, IntVector r, FloatVector g, Coefficients k) {
    return c.min(r).reinterpretAsFloats().mul(k.keepNu()).add(g.mul(g).mul(k.addNu()));
  }

  private static IntVector accumulate(FloatVector nu, MemorySegment cNew, long at, int keep) {
    IntVector bits = nu.reinterpretAsInts().and(MAGNITUDE);
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
