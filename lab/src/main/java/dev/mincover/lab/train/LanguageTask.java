package dev.mincover.lab.train;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;

/**
 * What is to be learned: a GPT of some size from a text.
 *
 * @param config size of the model
 * @param weights type of the model's weights
 * @param batch windows of text per step
 * @param corpus longer than the model's context
 */
public record LanguageTask(GptConfig config, WeightType weights, int batch, Corpus corpus) {

  private static final int VALIDATION_WINDOWS = 256;

  /** Returns the windows of validation text on which every model of the task is evaluated. */
  public Windows windows() {
    return new Windows(corpus.validation(), config.context(), VALIDATION_WINDOWS);
  }

  /** Bytes trained on per step. */
  public long tokensPerStep() {
    return (long) batch * config.context();
  }

  /** Describes the model in a line. */
  public String modelDescription() {
    long count = config.parameterCount();
    return "GPT over bytes: %d layers, width %d, %d heads, context %d%s; %,d weights, %s%s"
        .formatted(
            config.layers(),
            config.width(),
            config.heads(),
            config.context(),
            config.tied() ? "" : ", untied",
            count,
            weights == WeightType.FLOAT32 ? "" : Names.of(weights) + ", ",
            ByteCount.format(count * weights.bytes()));
  }

  /** Describes the model as JSON files do. */
  public Summary.Model modelSummary() {
    return new Summary.Model(
        config.layers(),
        config.width(),
        config.heads(),
        config.context(),
        config.tied(),
        Names.of(weights));
  }
}
