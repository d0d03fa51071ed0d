package dev.mincover.lab.translation;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Home;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;
import java.nio.file.Path;

/** The task {@code translation}. */
public final class TranslationTaskType implements TaskType {

  @Override
  public TaskKind kind() {
    return TaskKind.TRANSLATION;
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(2, 128, 4, 64, null, Names.of(WeightType.FLOAT32));
  }

  @Override
  public int batch() {
    return 16;
  }

  @Override
  public long steps() {
    return 3600;
  }

  @Override
  public void check(Summary.Model size) {
    OptionChecks.valid(() -> config(size));
  }

  @Override
  public Task task(Summary.Model size, TaskData data) {
    TranslatorConfig config = OptionChecks.valid(() -> config(size));
    WeightType weights = Names.parse("--weights", size.weights(), WeightType.class);
    data.refuseCorpus();
    ParallelText text =
        data.source() == null || data.target() == null
            ? ParallelText.bundles(
                Home.folder("translation", "name files with --source and --target"))
            : ParallelText.files(Path.of(data.source()), Path.of(data.target()));
    TranslationTask task = TranslationTask.of(config, weights, data.batch(), text);
    requireRoom("training", task.training().count(), config);
    requireRoom("validation", task.heldOut().size(), config);
    return task;
  }

  private static void requireRoom(String part, int fitting, TranslatorConfig config) {
    if (fitting == 0) {
      throw new UserError(
          "no %s pair fits --context %d, the most bytes of a sentence; give a larger one"
              .formatted(part, config.context()));
    }
  }

  private static TranslatorConfig config(Summary.Model size) {
    return new TranslatorConfig(
        size.layers(), size.width(), requireNonNull(size.heads()), requireNonNull(size.context()));
  }
}
