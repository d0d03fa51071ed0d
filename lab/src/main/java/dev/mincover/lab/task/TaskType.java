package dev.mincover.lab.task;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import java.util.Map;

/** How tasks of a kind are made, and their defaults. */
public interface TaskType {

  /** Which task it is. */
  TaskKind kind();

  /** The default size; null where a model of this kind has nothing of the sort. */
  Summary.Model size();

  /** The default number of samples per step. */
  int batch();

  /** The default number of steps. */
  long steps();

  /**
   * The highest learning rates and the warm-ups that suit the task, where those of lm, in {@link
   * OptimizerKind}, do not.
   */
  default Map<OptimizerKind, Tuning> tuning() {
    return Map.of();
  }

  /**
   * How fast an optimizer learns.
   *
   * @param learningRate the highest of the run
   * @param warmup share of the steps
   */
  record Tuning(double learningRate, double warmup) {}

  /** Returns the tuned learning rate and warm-up of an optimizer. */
  default Tuning tuning(OptimizerKind kind) {
    Double rate = kind.learningRate();
    return tuning()
        .getOrDefault(
            kind, new Tuning(rate == null ? OptimizerKind.ADAFACTOR_RATE : rate, kind.warmup()));
  }

  /**
   * Checks a size before any data is read.
   *
   * @throws UserError if it is out of range, naming the option
   */
  void check(Summary.Model size);

  /**
   * Reads the data and makes the task.
   *
   * @throws UserError if the size is out of range, or the data cannot be read or do not suffice
   */
  Task task(Summary.Model size, TaskData data);
}
