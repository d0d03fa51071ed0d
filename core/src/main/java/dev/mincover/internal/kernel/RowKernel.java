package dev.mincover.internal.kernel;

/**
 * The arithmetic of SM3 on a block of rows, for one {@link KernelSpec}. For each row i of the block
 * and each column j of its stretch, in order:
 *
 * <pre>
 *   g       = scale * clip(g[i][j])                          as far as the spec asks for it
 *   nu      = keepNu * min(r[i], c[j]) + addNu * g^2          section 3, SM3-II [1]
 *   cNew[j] = max(cNew[j], nu)                                or nu alone, if the spec says fresh
 *   rNew[i] = max(rNew[i], nu)
 *   u       = g / sqrt(nu + epsilon)                          0 where the root is 0
 *   m[i][j] = keepMomentum * m[i][j] + addMomentum * u        with momentum only [2]
 *   w[i][j] = keepWeight * w[i][j] - eta * d                  d = m, or u without momentum,
 *                                                             or u + keepMomentum * m (Nesterov)
 * </pre>
 *
 * <p>The row pass has split the paper's "min over the sets that hold a weight" in two before it
 * calls: r is the least accumulator that the <em>row</em> picks (those of the leading axes, the
 * same for all its columns), c[j] the one that lies along the row. rNew and cNew are the new maxima
 * of the same sets. They are not mu yet: the pass merges those of all blocks and threads, and only
 * then commits them. So a kernel never sees a mu of the step under way, and the order of blocks
 * does not show in the result.
 *
 * <p>Neighbours rely on this:
 *
 * <ul>
 *   <li>Kernels hold no state and allocate nothing.
 *   <li>Scalar and vector kernels give the same bits. Each operation is rounded once, in the order
 *       written above, and nothing is fused.
 *   <li>Accumulators are never negative, so they order like their bits, and min and max are taken
 *       on the bits as ints: one instruction, where that of floats takes several for NaN and -0.
 *   <li>The sign of a NaN is dropped, so that its bits are above those of infinity: a gradient that
 *       is not finite shows in every maximum that it enters.
 * </ul>
 *
 * <p>[1] SM3-I is two runs. With keepNu = 0 and addNu = 1, cNew and rNew become the largest
 * squares; once these are added to mu, keepNu = 1 and addNu = 0 make nu the least of the new
 * accumulators. [2] Weights are moved by m before it is rounded to the format that it is kept in.
 */
public interface RowKernel {

  /** Bits of +infinity: the r or c of a weight that no such accumulator covers. */
  int INFINITY = 0x7f800000;

  /** All bits of a float32 but the sign. */
  int MAGNITUDE = 0x7fffffff;

  /**
   * Steps over some rows of a block.
   *
   * @param x the block; its n is a multiple of a register's length, and its stride n, if this
   *     kernel is made for narrow rows
   * @param from the first row, from 0
   * @param to after the last
   */
  void step(Operands x, int from, int to);
}
