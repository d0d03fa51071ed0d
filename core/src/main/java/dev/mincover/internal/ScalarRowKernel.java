package dev.mincover.internal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** One value at a time: the oracle of the vector kernel, its tail, and its stand-in. */
final class ScalarRowKernel implements RowKernel {

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
    int rNew = 0;
    for (int j = 0; j < n; j++) {
      long o = (long) j * Float.BYTES;
      float gj = g.get(JAVA_FLOAT_UNALIGNED, at + o);
      float nu = nu(c.get(JAVA_INT_UNALIGNED, cAt + o), r, gj, k);
      rNew = Math.max(rNew, accumulate(nu, cNew, cNewAt + o, keep));
      float u = scale(gj, nu, k);
      w.set(JAVA_FLOAT_UNALIGNED, at + o, w.get(JAVA_FLOAT_UNALIGNED, at + o) - eta * u);
    }
    return rNew;
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
    int rNew = 0;
    for (int j = 0; j < n; j++) {
      long o = (long) j * Float.BYTES;
      float gj = g.get(JAVA_FLOAT_UNALIGNED, at + o);
      float nu = nu(c.get(JAVA_INT_UNALIGNED, cAt + o), r, gj, k);
      rNew = Math.max(rNew, accumulate(nu, cNew, cNewAt + o, keep));
      float u = scale(gj, nu, k);
      float mj = k.keepMomentum() * m.get(JAVA_FLOAT_UNALIGNED, at + o) + k.addMomentum() * u;
      m.set(JAVA_FLOAT_UNALIGNED, at + o, mj);
      w.set(JAVA_FLOAT_UNALIGNED, at + o, w.get(JAVA_FLOAT_UNALIGNED, at + o) - eta * mj);
    }
    return rNew;
  }

  private static float nu(int c, int r, float g, Coefficients k) {
    return k.keepNu() * Float.intBitsToFloat(Math.min(c, r)) + k.addNu() * (g * g);
  }

  private static int accumulate(float nu, MemorySegment cNew, long at, int keep) {
    int bits = Float.floatToRawIntBits(nu);
    cNew.set(JAVA_INT_UNALIGNED, at, Math.max(cNew.get(JAVA_INT_UNALIGNED, at) & keep, bits));
    return bits;
  }

  private static float scale(float g, float nu, Coefficients k) {
    float d = nu + k.epsilon();
    return d == 0 ? 0 : g / (float) Math.sqrt(d);
  }
}
