package dev.mincover.lab.optimizer;

import dev.mincover.NonFiniteGradientException;

/** An optimizer that is bound to the weights of a model. Closing it frees its state. */
public interface BoundOptimizer extends AutoCloseable {

  /** The learning rate of the next step. */
  double learningRate();

  /**
   * Changes the weights according to their gradients.
   *
   * @throws NonFiniteGradientException if it refuses the gradients
   */
  void step();

  /** Makes every gradient undefined. */
  void zeroGradients();

  /** Bytes of state, in addition to weights and gradients. */
  long stateBytes();

  /** The number of steps left out because a gradient was not finite. */
  long skippedSteps();

  /**
   * Runs a task while the model holds its final weights: the average of the weights if one is kept,
   * otherwise the weights of the last step.
   */
  void withFinalWeights(Runnable task);

  @Override
  void close();
}
