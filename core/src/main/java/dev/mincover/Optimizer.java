package dev.mincover;

import java.util.Collection;

/**
 * An immutable recipe for updating weights from gradients. It holds no state: binding makes that.
 */
public sealed interface Optimizer permits Sm3 {

  /**
   * Binds this recipe to parameters and allocates their state, for steps on the calling thread.
   *
   * @throws IllegalArgumentException as {@link #bind(Collection, int)}
   */
  default BoundOptimizer bind(Collection<Parameter> parameters) {
    return bind(parameters, 1);
  }

  /**
   * Binds this recipe to parameters and allocates their state, zeroed, outside the heap. Weights
   * are not touched. The number of threads changes the speed only: results are equal bit for bit.
   *
   * @param parameters in any order; names must differ and memory must not be shared
   * @param threads how many threads share a step, the caller among them; at least 1
   * @throws IllegalArgumentException if two parameters have the same name or overlap in memory, or
   *     {@code threads} is below 1
   */
  BoundOptimizer bind(Collection<Parameter> parameters, int threads);
}
