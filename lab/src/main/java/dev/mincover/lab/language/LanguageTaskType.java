package dev.mincover.lab.language;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;

/** The task {@code lm}. */
public final class LanguageTaskType implements TaskType {

  @Override
  public TaskKind kind() {
    return TaskKind.LM;
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(4, 128, 4, 128, true, Names.of(WeightType.FLOAT32));
  }

  @Override
  public int batch() {
    return 8;
  }

  @Override
  public long steps() {
    return 1600;
  }

  @Override
  public void check(Summary.Model size) {
    OptionChecks.valid(() -> config(size));
  }

  @Override
  public LanguageTask task(Summary.Model size, TaskData data) {
    GptConfig config = OptionChecks.valid(() -> config(size));
    WeightType weights = Names.parse("--weights", size.weights(), WeightType.class);
    data.refusePairs();
    Corpus corpus = Corpus.of(data.corpusPaths());
    corpus.requireContext(config.context());
    return new LanguageTask(config, weights, data.batch(), corpus);
  }

  private static GptConfig config(Summary.Model size) {
    return new GptConfig(
        size.layers(),
        size.width(),
        requireNonNull(size.heads()),
        requireNonNull(size.context()),
        requireNonNull(size.tied()));
  }
}
