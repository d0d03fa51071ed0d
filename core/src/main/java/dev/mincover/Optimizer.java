package dev.mincover;

import dev.mincover.schedule.Schedule;
import java.util.Collection;

/**
 * An immutable recipe for updating weights from gradients. It holds no state: binding makes that.
 */
public sealed interface Optimizer permits Recipe {

  /** What does not depend on the rule: learning rate, decay, clipping, guard, rounding, average. */
  Options options();

  /** The learning rate by step. */
  default Schedule learningRate() {
    return options().schedule();
  }

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
   * @throws IllegalArgumentException if two parameters have the same name or overlap in memory,
   *     {@code threads} is below 1, or a choice by name fits no parameter or not the one it is for
   */
  BoundOptimizer bind(Collection<Parameter> parameters, int threads);

  /**
   * Bytes of state that a parameter of this name and shape will have once it is bound, before the
   * first step: what {@link BoundOptimizer#stateBytes(String)} says then. Nothing is allocated, and
   * the type of the weights does not matter. Scratch memory, which parameters share and which
   * depends on threads, is not counted.
   *
   * @param name as it will be bound under, for covers that are chosen by name
   * @throws IllegalArgumentException if the cover of that name does not fit the shape
   * @throws ArithmeticException if 64 bits cannot count the bytes
   */
  long stateBytes(String name, Shape shape);
}
