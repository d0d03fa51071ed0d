package dev.mincover.lab.mlm;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;
import java.util.Map;

/** The task {@code mlm}. */
public final class MaskedTaskType implements TaskType {

  @Override
  public TaskKind kind() {
    return TaskKind.MLM;
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(4, 128, 4, 64, null, Names.of(WeightType.FLOAT32));
  }

  @Override
  public int batch() {
    return 16;
  }

  @Override
  public long steps() {
    return 2400;
  }

  /**
   * With the rates of lm, libtorch's Adam guesses by frequencies for the whole of a run, and SM3
   * for much of it. These were found by few trials; docs/experiments.md has them.
   */
  @Override
  public Map<OptimizerKind, Tuning> tuning() {
    Tuning adam = new Tuning(0.0005, 0.05);
    return Map.of(
        OptimizerKind.SM3,
        new Tuning(0.05, 0.2),
        OptimizerKind.ADAM,
        adam,
        OptimizerKind.TORCH_FUSED_ADAM,
        adam);
  }

  @Override
  public void check(Summary.Model size) {
    OptionChecks.valid(() -> config(size));
  }

  @Override
  public Task task(Summary.Model size, TaskData data) {
    GptConfig config = OptionChecks.valid(() -> config(size));
    WeightType weights = Names.parse("--weights", size.weights(), WeightType.class);
    data.refusePairs();
    Corpus corpus = Corpus.of(data.corpusPaths());
    corpus.requireContext(config.context());
    MaskedTask task = new MaskedTask(config, weights, data.batch(), corpus);
    task.validation(); // Refused before anything is written.
    return task;
  }

  private static GptConfig config(Summary.Model size) {
    return new GptConfig(
        size.layers(), size.width(), requireNonNull(size.heads()), requireNonNull(size.context()));
  }
}
