package dev.mincover.lab.libtorch;

/** An optimizer of libtorch. It keeps the weights alive until it is closed. */
public sealed interface LibtorchOptimizer extends AutoCloseable
    permits FusedOptimizer, StockOptimizer {

  /**
   * Takes one step with the gradients that the weights hold. A weight whose gradient is undefined
   * does not change.
   *
   * @param eta the learning rate of this step
   */
  void step(double eta);

  /** Bytes of state, including step counters. */
  long stateBytes();

  /** Frees the state and lets go of the weights. Closing again does nothing. */
  @Override
  void close();
}
