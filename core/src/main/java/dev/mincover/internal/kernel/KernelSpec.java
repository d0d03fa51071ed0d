package dev.mincover.internal.kernel;

import dev.mincover.tensor.DataType;
import org.jspecify.annotations.Nullable;

/**
 * What a kernel is made for: all that it would otherwise have to decide for every weight. The less
 * a step asks for, the fewer instructions its kernel has.
 *
 * @param moves whether weights, and momentum, are moved; if not, only maxima are taken
 * @param weights how weights lie: float32 or bfloat16, as gradient and momentum
 * @param gradient how the gradient lies
 * @param momentum how momentum lies; null if there is none
 * @param nesterov whether weights are moved by u plus the momentum's share of the next step
 * @param clips whether gradients are cut to a limit
 * @param scales whether gradients are multiplied, after that
 * @param averages whether nu is weighted; a plain sum if not
 * @param epsilon whether one is added under the root
 * @param decays whether weights shrink by themselves
 * @param fresh whether c' is overwritten; if not, it is raised
 * @param narrow values of a register that fill narrow rows, several of which it takes in one go; 0
 *     if it is not made for those
 */
public record KernelSpec(
    boolean moves,
    DataType weights,
    DataType gradient,
    @Nullable DataType momentum,
    boolean nesterov,
    boolean clips,
    boolean scales,
    boolean averages,
    boolean epsilon,
    boolean decays,
    boolean fresh,
    int narrow) {

  /** SM3-II over float32, without momentum or anything else that can be asked for. */
  static final KernelSpec PLAIN =
      new KernelSpec(
          true,
          DataType.FLOAT32,
          DataType.FLOAT32,
          null,
          false,
          false,
          false,
          false,
          false,
          false,
          false,
          0);

  /** The same for other gradients and rows. */
  public KernelSpec with(DataType gradient, int narrow) {
    return new KernelSpec(
        moves, weights, gradient, momentum, nesterov, clips, scales, averages, epsilon, decays,
        fresh, narrow);
  }
}
