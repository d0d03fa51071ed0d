package dev.mincover.lab.libtorch;

import java.util.List;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/**
 * libtorch's fused AdaGrad: w -= eta * g / (sqrt(sum of g^2) + epsilon). With epsilon 0 the result
 * is NaN where every g so far was 0.
 */
public final class FusedAdagrad extends FusedOptimizer {

  private final double epsilon;

  /**
   * Makes the optimizer for float32 weights.
   *
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  public FusedAdagrad(List<Tensor> weights, double epsilon) {
    super("aten::_fused_adagrad_", List.of("sum"), true, weights);
    this.epsilon = epsilon;
  }

  @Override
  void addUnusedState(List<IValue> values) {}

  @Override
  List<IValue> options(double eta) {
    return List.of(
        new IValue(eta),
        new IValue(0.0), // lr_decay
        new IValue(0.0), // weight_decay
        new IValue(epsilon),
        new IValue(false) // maximize
        );
  }
}
