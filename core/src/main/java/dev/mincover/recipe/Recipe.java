package dev.mincover.recipe;

import dev.mincover.schedule.Schedule;
import java.util.Collection;

/**
 * How weights are updated from gradients: an optimizer's rule and all its numbers, as immutable
 * data. A recipe knows no engine and holds no state; {@link dev.mincover.Optimizer#bind} makes an
 * optimizer of it, and so do the adapters for other engines.
 */
public sealed interface Recipe permits Configurable {

  /** What does not depend on the rule: learning rate, decay, clipping, guard, rounding, average. */
  Options options();

  /** The learning rate by step. */
  default Schedule learningRate() {
    return options().schedule();
  }

  /**
   * Refuses a choice by name that applies to no parameter, which is a misspelt pattern more often
   * than not. Exceptions from weight decay may match nothing.
   *
   * @param names of all parameters
   * @throws IllegalArgumentException naming the first such choice and its pattern
   */
  default void requireMatches(Collection<String> names) {
    options().multiplier().requireMatches("a learning-rate multiplier", names);
  }
}
