package dev.mincover.lab.optimizer;

import org.jspecify.annotations.Nullable;

/** The optimizers that {@code --optimizer} can name, with their defaults. */
public enum OptimizerKind {
  /** {@link dev.mincover.recipe.Sm3}. */
  SM3("SM3", 0.08, 0.3, 0.9, 1.0, 0.0),
  /** {@link dev.mincover.recipe.Sm3#adaGrad}. */
  ADAGRAD("AdaGrad", 0.04, 0.3, 0, null, 0.0),
  /** {@link dev.mincover.recipe.Adam}. */
  ADAM("Adam", 0.002, 0.05, 0.9, 0.999, 1e-8),
  /** {@link dev.mincover.recipe.Adafactor}, with relative steps unless a learning rate is given. */
  ADAFACTOR("Adafactor", null, 0.05, 0, null, null),
  /** {@link dev.mincover.lab.libtorch.FusedAdam}. */
  TORCH_FUSED_ADAM("libtorch's fused Adam", 0.002, 0.05, 0.9, 0.999, 1e-8),
  /** {@link dev.mincover.lab.libtorch.FusedAdagrad}. */
  TORCH_FUSED_ADAGRAD("libtorch's fused AdaGrad", 0.04, 0.3, 0, null, 1e-10),
  /** {@link dev.mincover.lab.libtorch.FusedSgd}. */
  TORCH_FUSED_SGD("libtorch's fused SGD", 0.1, 0.05, 0.9, null, null);

  /**
   * The tuned learning rate of {@link #ADAFACTOR} where its steps are not relative to the weights.
   */
  public static final double ADAFACTOR_RATE = 0.002;

  private final String title;
  private final @Nullable Double learningRate;
  private final double warmup;
  private final double momentum;
  private final @Nullable Double beta2;
  private final @Nullable Double epsilon;

  OptimizerKind(
      String title,
      @Nullable Double learningRate,
      double warmup,
      double momentum,
      @Nullable Double beta2,
      @Nullable Double epsilon) {
    this.title = title;
    this.learningRate = learningRate;
    this.warmup = warmup;
    this.momentum = momentum;
    this.beta2 = beta2;
    this.epsilon = epsilon;
  }

  /** The name in prose. */
  public String title() {
    return title;
  }

  /**
   * Whether it is one of libtorch's own. Such an optimizer takes none of the options about
   * gradients and weights.
   */
  public boolean isLibtorch() {
    return name().startsWith("TORCH_");
  }

  /** Whether it is Adam, of Mincover or of libtorch. */
  public boolean isAdam() {
    return this == ADAM || this == TORCH_FUSED_ADAM;
  }

  /** The default of the highest learning rate; null for steps relative to the weights. */
  public @Nullable Double learningRate() {
    return learningRate;
  }

  /** The default share of the steps over which the rate rises. */
  public double warmup() {
    return warmup;
  }

  /** The default momentum; 0 for none. */
  public double momentum() {
    return momentum;
  }

  /** The default share of the past second moment that is kept; null if it cannot be chosen. */
  public @Nullable Double beta2() {
    return beta2;
  }

  /** The default epsilon; null if it cannot be chosen. */
  public @Nullable Double epsilon() {
    return epsilon;
  }
}
