package dev.mincover.lab.optimizer;

import dev.mincover.NonFiniteGradientException;

/**
 * An optimizer bound to the weights of a model, as a training takes it. Closing frees its state.
 */
public interface BoundOptimizer extends AutoCloseable {

  /** The learning rate that the next step will have. */
  double learningRate();

  /**
   * Changes the weights by their gradients.
   *
   * @throws NonFiniteGradientException if it refuses them
   */
  void step();

  /** Makes every gradient undefined. */
  void zeroGradients();

  /** Bytes allocated beside weights and gradients. */
  long stateBytes();

  /** Steps left out because a gradient was not finite. */
  long skippedSteps();

  /**
   * Does something with the weights that count in the end: their average, if one is kept, otherwise
   * those of the last step.
   */
  void withFinalWeights(Runnable task);

  @Override
  void close();
}
