package dev.mincover.internal;

import java.lang.System.Logger.Level;
import java.lang.foreign.MemorySegment;

/**
 * The arithmetic of SM3-II on a stretch of one row: stateless, allocation-free, without a choice of
 * its own. Scalar and vector kernels give the same bits: each operation is rounded once, in the
 * same order, and nothing is fused.
 *
 * <p>Shapes: w, g, m, c, c' are n consecutive float32 values; r is one. For each j in order
 *
 * <pre>
 *   nu    = keepNu * min(r, c[j]) + addNu * g[j]^2       section 3, SM3-II
 *   c'[j] = max(c'[j] if keep, nu)
 *   u     = g[j] / sqrt(nu + epsilon), 0 where that is 0/0 or x/0
 *   m[j]  = keepMomentum * m[j] + addMomentum * u        with momentum only
 *   w[j] -= eta * (m[j] or u)
 * </pre>
 *
 * and the largest nu is returned: the row's part of r'. Accumulators are never negative, so they
 * order like their bits, and min and max are taken on those as ints. c and c' may be the same
 * memory. Offsets are in bytes.
 */
sealed interface RowKernel permits ScalarRowKernel, VectorRowKernel {

  /**
   * A step without momentum.
   *
   * @param r bits of the least accumulator over the leading axes; those of +infinity if there is
   *     none
   * @param keep -1 to take the maximum with the old c', 0 to overwrite it
   * @return bits of the largest nu; 0 if n is 0
   */
  int update(
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
      Coefficients k);

  /** A step with momentum m, which lies as w and g do; otherwise as {@link #update}. */
  int updateWithMomentum(
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
      Coefficients k);

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
