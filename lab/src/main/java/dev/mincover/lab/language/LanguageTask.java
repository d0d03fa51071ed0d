package dev.mincover.lab.language;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.Printable;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Outcome;
import dev.mincover.lab.task.Task;
import java.nio.file.Path;

/**
 * A GPT of some size learns to continue a text.
 *
 * @param config size of the model
 * @param weights type of the model's weights
 * @param batch windows of text per step
 * @param corpus longer than the model's context
 */
public record LanguageTask(GptConfig config, WeightType weights, int batch, Corpus corpus)
    implements Task {

  private static final int VALIDATION_WINDOWS = 256;

  @Override
  public TaskKind kind() {
    return TaskKind.LM;
  }

  @Override
  public String data() {
    return corpus.description();
  }

  @Override
  public String digest() {
    return corpus.digest();
  }

  @Override
  public String description() {
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

  @Override
  public Summary.Model size() {
    return new Summary.Model(
        config.layers(),
        config.width(),
        config.heads(),
        config.context(),
        config.tied(),
        Names.of(weights));
  }

  @Override
  public String step() {
    return "%d x %d bytes".formatted(batch, config.context());
  }

  @Override
  public Batch buffers() {
    return new Batch(batch, config.context());
  }

  @Override
  public Batches samples(long seed) {
    return new Batches(corpus.training(), seed);
  }

  @Override
  public Windows validation() {
    return new Windows(corpus.validation(), config.context(), VALIDATION_WINDOWS);
  }

  @Override
  public Gpt model(long seed, boolean sparse) {
    return new Gpt(config, seed, weights, sparse);
  }

  @Override
  public double baseline() {
    return new BigramModel(corpus.training()).bitsPerByte(validation());
  }

  @Override
  public Outcome outcome(Model model, int threads) {
    return Outcome.NONE;
  }

  @Override
  public String sample(Model model, int length, long seed) {
    TextGenerator generator = new TextGenerator((Gpt) model, TextGenerator.TEMPERATURE, seed);
    return Printable.text(generator.generate(corpus.start(), length)).strip();
  }

  @Override
  public void save(Model model, Path file) {
    ModelFile.save((Gpt) model, corpus.start(), file);
  }
}
