package dev.mincover.lab.statistics;

/** Looks at the model's gradients between the backward pass and the optimizer's step. */
@FunctionalInterface
public interface GradientObserver {

  /** Looks at nothing. */
  GradientObserver NONE = () -> {};

  /**
   * Called at every step whose loss is finite. Gradients are those of the model's own tensors, as
   * the backward pass has left them: not clipped, perhaps sparse, perhaps not finite. Weights and
   * gradients must stay what they are. The time is not counted as the training's.
   */
  void observe();
}
