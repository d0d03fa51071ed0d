package dev.mincover.lab.train;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.OptimizerRecipe;

/**
 * What is to be learned: a GPT of a size from a text. Whatever the optimizer, equal seeds give
 * equal initial weights and the same batches in the same order.
 *
 * @param weights their type
 * @param batch windows of text in a step
 * @param corpus longer than the model's context
 */
public record LanguageTask(GptConfig config, WeightType weights, int batch, Corpus corpus) {

  private static final int VALIDATION_WINDOWS = 256;

  /** The model before the first step. */
  public Gpt model(long seed, OptimizerRecipe recipe) {
    return new Gpt(config, seed, weights, recipe.takesSparse());
  }

  /** What it is judged by. */
  public Windows windows() {
    return new Windows(corpus.validation(), config.context(), VALIDATION_WINDOWS);
  }

  /** The loop that trains it. */
  public TrainingLoop loop(
      Gpt model, BoundOptimizer optimizer, Windows windows, long seed, int threads) {
    return new TrainingLoop(
        model,
        optimizer,
        new Batches(corpus.training(), seed),
        new Batch(batch, config.context()),
        windows,
        threads);
  }

  /** Bytes trained on in a step. */
  public long tokensPerStep() {
    return (long) batch * config.context();
  }
}
