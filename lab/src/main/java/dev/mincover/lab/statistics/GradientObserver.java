package dev.mincover.lab.statistics;

/** Sees the gradients of a model between the backward pass and the optimizer's step. */
@FunctionalInterface
public interface GradientObserver {

  /** Does nothing. */
  GradientObserver NONE = () -> {};

  /**
   * Called at every step whose loss is finite. The gradients are those of the model's own tensors
   * as the backward pass left them: not clipped, possibly sparse, possibly not finite.
   * Implementations must not change weights or gradients. Their time does not count as training
   * time.
   */
  void observe();
}
