package dev.mincover.internal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** One value at a time: the oracle of the vector kernel, its tail, and its stand-in. */
final class ScalarRowKernel implements RowKernel {

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
    int rNew = 0;
    for (int j = 0; j < n; j++) {
      long o = (long) j * Float.BYTES;
      float gj = g.get(JAVA_FLOAT_UNALIGNED, gAt + o);
      float nu = nu(c.get(JAVA_INT_UNALIGNED, cAt + o), r, gj, k);
      rNew = Math.max(rNew, accumulate(nu, cNew, cNewAt + o, keep));
      float u = scale(gj, nu, k);
      float wj = w.get(JAVA_FLOAT_UNALIGNED, wAt + o);
      w.set(JAVA_FLOAT_UNALIGNED, wAt + o, k.keepWeight() * wj - k.eta() * u);
    }
    return rNew;
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
    int rNew = 0;
    for (int j = 0; j < n; j++) {
      long o = (long) j * Float.BYTES;
      float gj = g.get(JAVA_FLOAT_UNALIGNED, gAt + o);
      float nu = nu(c.get(JAVA_INT_UNALIGNED, cAt + o), r, gj, k);
      rNew = Math.max(rNew, accumulate(nu, cNew, cNewAt + o, keep));
      float u = scale(gj, nu, k);
      float mj = k.keepMomentum() * m.get(JAVA_FLOAT_UNALIGNED, wAt + o) + k.addMomentum() * u;
      m.set(JAVA_FLOAT_UNALIGNED, wAt + o, mj);
      float wj = w.get(JAVA_FLOAT_UNALIGNED, wAt + o);
      w.set(JAVA_FLOAT_UNALIGNED, wAt + o, k.keepWeight() * wj - k.eta() * mj);
    }
    return rNew;
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
    return precondition(g, u, 0, c, cAt, cNew, cNewAt, n, r, keep, k);
  }

  /** From index {@code j0} of the arrays on; c and c' start there already. */
  int precondition(
      float[] g,
      float[] u,
      int j0,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Coefficients k) {
    int rNew = 0;
    for (int j = 0; j < n; j++) {
      long o = (long) j * Float.BYTES;
      float gj = g[j0 + j];
      float nu = nu(c.get(JAVA_INT_UNALIGNED, cAt + o), r, gj, k);
      rNew = Math.max(rNew, accumulate(nu, cNew, cNewAt + o, keep));
      u[j0 + j] = scale(gj, nu, k);
    }
    return rNew;
  }

  @Override
  public int largest(MemorySegment g, long at, int n) {
    int largest = 0;
    for (int j = 0; j < n; j++) {
      int bits = g.get(JAVA_INT_UNALIGNED, at + (long) j * Float.BYTES);
      largest = Math.max(largest, bits & MAGNITUDE);
    }
    return largest;
  }

  private static float nu(int c, int r, float g, Coefficients k) {
    return k.keepNu() * Float.intBitsToFloat(Math.min(c, r)) + k.addNu() * (g * g);
  }

  private static int accumulate(float nu, MemorySegment cNew, long at, int keep) {
    int bits = Float.floatToRawIntBits(nu) & MAGNITUDE;
    cNew.set(JAVA_INT_UNALIGNED, at, Math.max(cNew.get(JAVA_INT_UNALIGNED, at) & keep, bits));
    return bits;
  }

  private static float scale(float g, float nu, Coefficients k) {
    float d = nu + k.epsilon();
    return d == 0 ? 0 : g / (float) Math.sqrt(d);
  }
}
