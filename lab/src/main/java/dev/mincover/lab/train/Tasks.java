package dev.mincover.lab.train;

import dev.mincover.lab.image.ImageTaskType;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.mlm.MaskedTaskType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;
import dev.mincover.lab.translation.TranslationTaskType;

/** All tasks that there are. */
public final class Tasks {

  private Tasks() {}

  /** Returns how tasks of a kind are made. */
  public static TaskType type(TaskKind kind) {
    return switch (kind) {
      case LM -> new LanguageTaskType();
      case MLM -> new MaskedTaskType();
      case TRANSLATION -> new TranslationTaskType();
      case IMAGE -> new ImageTaskType();
    };
  }

  /**
   * Reads data and makes a task.
   *
   * @throws dev.mincover.lab.common.UserError as {@link TaskType#task}
   */
  public static Task of(Summary.Model size, TaskData data) {
    return type(data.kind()).task(size, data);
  }
}
