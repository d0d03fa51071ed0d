package dev.mincover.internal.kernel;

/**
 * The arithmetic of SM3 along rows: stateless, allocation-free, and made for one {@link
 * KernelSpec}. Scalar and vector kernels give the same bits: each operation is rounded once, in the
 * same order, and nothing is fused.
 *
 * <p>Shapes: w, g, m, c, c', u are n consecutive values; r is one. For each j in order
 *
 * <pre>
 *   g     = scale * clip(g[j])                           as far as it is asked for
 *   nu    = keepNu * min(r, c[j]) + addNu * g^2          section 3, SM3-II [1]
 *   c'[j] = max(c'[j] unless fresh, nu)
 *   u     = g / sqrt(nu + epsilon), 0 where that is 0/0 or x/0
 *   m[j]  = keepMomentum * m[j] + addMomentum * u        with momentum only [2]
 *   w[j]  = keepWeight * w[j] - eta * (m[j] or u)        Nesterov: u + keepMomentum * m[j]
 * </pre>
 *
 * and r' is raised to the largest nu. Accumulators are never negative, so they order like their
 * bits, and min and max are taken on those as ints. The sign of a NaN is dropped, so that it is the
 * largest of all and shows in every maximum. c and c' may be the same memory. Offsets are in bytes.
 *
 * <p>[1] SM3-I is two runs: with keepNu = 0 and addNu = 1, c' and r' are the largest squares; with
 * keepNu = 1 and addNu = 0, nu is the least of the new accumulators. [2] Weights are moved by m
 * before it is rounded to the format it is kept in.
 */
public interface RowKernel {

  /** Bits of +infinity: no accumulator. */
  int INFINITY = 0x7f800000;

  /** All bits but the sign. */
  int MAGNITUDE = 0x7fffffff;

  /**
   * Steps over a stretch of each of some rows that lie under the same c and c'. Reads their r from
   * {@link Operands#r}, and raises {@link Operands#rNew} to their largest nu.
   *
   * @param n values of a row; if made for narrow rows a multiple of a register's, and not 0
   * @param stride values from where one row's stretch starts to where the next one's does, in w, m
   *     and g; n if made for narrow rows
   * @param first the first row, among those of the operands
   * @param count how many rows
   */
  void step(
      Operands x,
      long wAt,
      long mAt,
      long gAt,
      long cAt,
      long cNewAt,
      int n,
      long stride,
      int first,
      int count);
}
