package dev.mincover.lab.libtorch;

import java.util.List;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/** libtorch's fused AdamW: w is multiplied by 1 - eta * weightDecay, then Adam follows. */
public final class FusedAdamW extends FusedOptimizer {

  private final double beta1;
  private final double beta2;
  private final double epsilon;
  private final double weightDecay;

  /**
   * Makes the optimizer for float32 weights.
   *
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  public FusedAdamW(
      List<Tensor> weights, double beta1, double beta2, double epsilon, double weightDecay) {
    super("aten::_fused_adamw_", List.of("m", "v"), true, weights);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.weightDecay = weightDecay;
  }

  @Override
  void addUnusedState(List<IValue> values) {
    values.add(none()); // max_exp_avg_sqs, of AMSGrad
  }

  @Override
  List<IValue> options(double eta) {
    return FusedAdam.options(eta, beta1, beta2, weightDecay, epsilon);
  }
}
