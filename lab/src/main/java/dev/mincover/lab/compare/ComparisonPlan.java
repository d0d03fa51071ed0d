package dev.mincover.lab.compare;

import dev.mincover.lab.task.Task;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a comparison trains.
 *
 * @param task what every training learns
 * @param optimizers in the order of the table
 * @param seeds of weights and batches; each is a training with every optimizer
 * @param threads of each training
 * @param length of each training
 * @param search for learning rates and warm-ups before the trainings; null for none
 */
public record ComparisonPlan(
    Task task,
    List<ComparedOptimizer> optimizers,
    List<Long> seeds,
    int threads,
    Length length,
    @Nullable Search search) {

  /**
   * The length of each training.
   *
   * @param steps null for as many as the budget has time for
   * @param budget wall time for everything, if there are no steps
   */
  public record Length(@Nullable Long steps, Budget budget) {}

  /**
   * The search for learning rates and warm-ups.
   *
   * @param sweep what to try; the steps of its last round are chosen later if the plan has none
   * @param only whether the comparison ends with the search
   */
  public record Search(Sweep sweep, boolean only) {}

  /** Copies the lists. */
  public ComparisonPlan {
    optimizers = List.copyOf(optimizers);
    seeds = List.copyOf(seeds);
  }

  /** Whether the comparison ends with the search. */
  boolean searchesOnly() {
    return search != null && search.only();
  }
}
