package dev.mincover.lab.compare;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Task;
import org.jspecify.annotations.Nullable;

/**
 * What all trainings of a comparison or a sweep have in common, as JSON files describe it.
 *
 * @param task the name of a {@link dev.mincover.lab.run.TaskKind}; null in files of older versions
 * @param threads of each training
 * @param batch samples per step
 * @param model size and type of the network
 * @param corpus a description of the data
 */
public record TrainingSetup(
    @Nullable String task, int threads, int batch, Summary.Model model, String corpus) {

  /** Returns which task it is. */
  TaskKind kind() {
    return TaskKind.named("task", task);
  }

  static TrainingSetup of(Task task, int threads) {
    return new TrainingSetup(
        Names.of(task.kind()), threads, task.batch(), task.size(), task.data());
  }
}
