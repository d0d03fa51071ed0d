package dev.mincover.internal;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of SM3 on a stretch of one row: stateless, allocation-free, without a choice of
 * its own. Scalar and vector kernels give the same bits: each operation is rounded once, in the
 * same order, and nothing is fused.
 *
 * <p>Shapes: w, g, m, c, c', u are n consecutive float32 values; r is one. For each j in order
 *
 * <pre>
 *   nu    = keepNu * min(r, c[j]) + addNu * g[j]^2       section 3, SM3-II [1]
 *   c'[j] = max(c'[j] if keep, nu)
 *   u     = g[j] / sqrt(nu + epsilon), 0 where that is 0/0 or x/0
 *   m[j]  = keepMomentum * m[j] + addMomentum * u        with momentum only
 *   w[j]  = keepWeight * w[j] - eta * (m[j] or u)
 * </pre>
 *
 * and the largest nu is returned: the row's part of r'. Accumulators are never negative, so they
 * order like their bits, and min and max are taken on those as ints. The sign of a NaN is dropped,
 * so that it is the largest of all and shows in every maximum. c and c' may be the same memory.
 * Offsets of segments are in bytes.
 *
 * <p>[1] SM3-I is two runs: with keepNu = 0 and addNu = 1, c' and r' are the largest squares; with
 * keepNu = 1 and addNu = 0, nu is the least of the new accumulators.
 */
sealed interface RowKernel permits ScalarRowKernel, VectorRowKernel {

  /** Bits of +infinity: no accumulator. */
  int INFINITY = 0x7f800000;

  /** All bits but the sign. */
  int MAGNITUDE = 0x7fffffff;

  /**
   * A step without momentum.
   *
   * @param r bits of the least accumulator over the leading axes; {@link #INFINITY} if there is
   *     none
   * @param keep -1 to take the maximum with the old c', 0 to overwrite it
   * @return bits of the largest nu; 0 if n is 0
   */
  int update(
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
      Coefficients k);

  /** A step with momentum m, which lies as w does; otherwise as {@link #update}. */
  int updateWithMomentum(
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
      Coefficients k);

  /** The same without weights: u is overwritten; otherwise as {@link #update}. */
  int precondition(
      float[] g,
      float[] u,
      MemorySegment c,
      long cAt,
      MemorySegment cNew,
      long cNewAt,
      int n,
      int r,
      int keep,
      Coefficients k);

  /**
   * The largest magnitude of n float32 values.
   *
   * @return its bits, which are above {@link #INFINITY} for NaN; 0 if n is 0
   */
  int largest(MemorySegment g, long at, int n);

  /** The fastest kernel of this JVM. */
  static RowKernel fastest() {
    return Fastest.KERNEL;
  }

  /** Chooses once a JVM, so that a refusal is said once. */
  final class Fastest {
    private static final RowKernel KERNEL = choose();

    private Fastest() {}

    private static RowKernel choose() {
      String refusal;
      if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
        refusal =
            "start the JVM with --add-modules jdk.incubator.vector for the fast vector kernel";
      } else if (!VectorRowKernel.isFast()) {
        refusal = "this processor has no vector registers of 128 bits or more";
      } else {
        return new VectorRowKernel();
      }
      System.getLogger("dev.mincover")
          .log(Level.INFO, "Mincover runs its scalar kernel (same results, slower): " + refusal);
      return new ScalarRowKernel();
    }
  }
}
