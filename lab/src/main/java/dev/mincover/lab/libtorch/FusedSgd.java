package dev.mincover.lab.libtorch;

import java.util.List;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/**
 * libtorch's fused SGD with heavy-ball momentum: m = momentum * m + g, w -= eta * m. Without
 * momentum: w -= eta * g, and no state.
 */
public final class FusedSgd extends FusedOptimizer {

  private final double momentum;

  /**
   * Makes the optimizer for float32 weights.
   *
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  public FusedSgd(List<Tensor> weights, double momentum) {
    super("aten::_fused_sgd_", momentum == 0 ? List.of() : List.of("momentum"), false, weights);
    this.momentum = momentum;
  }

  @Override
  void addUnusedState(List<IValue> values) {
    if (momentum == 0) {
      values.add(none()); // momentum_buffer_list
    }
  }

  @Override
  List<IValue> options(double eta) {
    return List.of(
        new IValue(0.0), // weight_decay
        new IValue(momentum),
        new IValue(eta),
        new IValue(0.0), // dampening
        new IValue(false), // nesterov
        new IValue(false), // maximize
        new IValue(false) // is_first_step, at which m is g; so it is when m is 0 before
        );
  }
}
