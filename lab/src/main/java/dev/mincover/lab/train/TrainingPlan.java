package dev.mincover.lab.train;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.task.Task;

/**
 * What a training needs before its first step. Plans that differ in the optimizer alone start from
 * equal weights and see the same batches in the same order.
 *
 * @param task what is to be learned
 * @param settings every choice about the optimizer
 * @param recipe made from the settings, the steps and the seed
 * @param steps number of steps
 * @param seed of weights, batches and stochastic rounding
 * @param threads that share a batch and the optimizer's steps
 */
public record TrainingPlan(
    Task task,
    OptimizerSettings settings,
    OptimizerRecipe recipe,
    long steps,
    long seed,
    int threads) {

  /**
   * The plan with the recipe that the settings describe.
   *
   * @throws UserError if a setting is out of range, naming its option
   */
  public static TrainingPlan of(
      Task task, OptimizerSettings settings, long steps, long seed, int threads) {
    return new TrainingPlan(
        task, settings, OptimizerRecipe.of(settings, steps, seed), steps, seed, threads);
  }

  /** Makes the model as it is before the first step. */
  public Model model() {
    return task.model(seed, recipe.takesSparse());
  }

  /**
   * Binds the optimizer to the weights of a model.
   *
   * @throws IllegalArgumentException if the optimizer cannot step such weights
   */
  public BoundOptimizer bind(Model model) {
    return recipe.bind(model.parameters(), threads);
  }

  /**
   * Makes the loop that trains a model.
   *
   * @param optimizer bound to the model
   */
  public TrainingLoop loop(Model model, BoundOptimizer optimizer) {
    return new TrainingLoop(
        model, optimizer, task.samples(seed), task.buffers(), task.validation(), threads);
  }
}
