package dev.mincover.lab.libtorch;

import java.util.List;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Tensor;

/** libtorch's fused Adam, without weight decay. */
public final class FusedAdam extends FusedOptimizer {

  private final double beta1;
  private final double beta2;
  private final double epsilon;

  /**
   * Makes the optimizer for float32 weights.
   *
   * @throws IllegalArgumentException if a weight is not contiguous or not on the CPU
   */
  public FusedAdam(List<Tensor> weights, double beta1, double beta2, double epsilon) {
    super("aten::_fused_adam_", List.of("m", "v"), true, weights);
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  @Override
  void addUnusedState(List<IValue> values) {
    values.add(none()); // max_exp_avg_sqs, of AMSGrad
  }

  @Override
  List<IValue> options(double eta) {
    return options(eta, beta1, beta2, 0, epsilon);
  }

  /** Returns the arguments in the order in which both Adam kernels take them. */
  static List<IValue> options(
      double eta, double beta1, double beta2, double weightDecay, double epsilon) {
    return List.of(
        new IValue(eta),
        new IValue(beta1),
        new IValue(beta2),
        new IValue(weightDecay),
        new IValue(epsilon),
        new IValue(false), // amsgrad
        new IValue(false) // maximize
        );
  }
}
