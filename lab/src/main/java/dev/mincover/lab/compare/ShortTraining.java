package dev.mincover.lab.compare;

import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.optimizer.Learner;
import dev.mincover.lab.optimizer.LearnerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.train.LanguageTask;
import dev.mincover.lab.train.StepReport;
import dev.mincover.lab.train.Trainer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A training in this process that leaves nothing behind, with one evaluation at its end.
 *
 * @param seed of weights and batches
 */
public record ShortTraining(
    LanguageTask task, OptimizerSettings settings, long steps, long seed, int threads) {

  /** Trains until the last step, a stop, or a loss that is not finite. */
  public Trainer.Outcome run(BooleanSupplier stop, Consumer<StepReport> listener) {
    LearnerRecipe recipe = LearnerRecipe.of(settings, steps, seed);
    try (Gpt model = task.model(seed, recipe);
        Learner learner = recipe.bind(model.parameters(), threads);
        Trainer trainer = task.trainer(model, learner, task.windows(), seed, threads)) {
      return trainer.train(steps, Long.MAX_VALUE, stop, listener);
    }
  }
}
