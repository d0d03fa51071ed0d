package dev.mincover.lab.compare;

import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.train.LanguageTask;
import dev.mincover.lab.train.StepReport;
import dev.mincover.lab.train.TrainingLoop;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A training in this process that leaves nothing behind, with one evaluation at its end.
 *
 * @param seed of weights and batches
 */
public record SweepTraining(
    LanguageTask task, OptimizerSettings settings, long steps, long seed, int threads) {

  /** Trains until the last step, a stop, or a loss that is not finite. */
  public TrainingLoop.Outcome run(BooleanSupplier stop, Consumer<StepReport> listener) {
    OptimizerRecipe recipe = OptimizerRecipe.of(settings, steps, seed);
    try (Gpt model = task.model(seed, recipe);
        BoundOptimizer optimizer = recipe.bind(model.parameters(), threads);
        TrainingLoop loop = task.loop(model, optimizer, task.windows(), seed, threads)) {
      return loop.train(steps, Long.MAX_VALUE, stop, listener);
    }
  }
}
