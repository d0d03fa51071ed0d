package dev.mincover.lab.task;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.TaskKind;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is learned from, by the names of the options.
 *
 * @param task the name of a {@link TaskKind}; null in files of older versions, which knew lm alone
 * @param corpus absolute paths of files and directories; null for the default text
 * @param source absolute path of a file to translate from; null for the default pairs
 * @param target absolute path of its translation; null for the default pairs
 * @param batch samples per step
 */
public record TaskData(
    @Nullable String task,
    @Nullable List<String> corpus,
    @Nullable String source,
    @Nullable String target,
    int batch) {

  /** Copies the list. */
  public TaskData {
    corpus = corpus == null ? null : List.copyOf(corpus);
  }

  /** Returns which task it is. */
  public TaskKind kind() {
    return TaskKind.named("--task", task);
  }

  /** Returns the text as paths; null for the default text. */
  public @Nullable List<Path> corpusPaths() {
    return corpus == null ? null : corpus.stream().map(Path::of).toList();
  }

  /**
   * Refuses text for a task that has no use for it.
   *
   * @throws UserError naming the option
   */
  public void refuseCorpus() {
    refuse("--corpus", corpus);
  }

  /**
   * Refuses pairs for a task that has no use for them.
   *
   * @throws UserError naming the option
   */
  public void refusePairs() {
    refuse("--source", source);
    refuse("--target", target);
  }

  private void refuse(String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError(
          "%s is not for --task %s; leave it out, or choose another task"
              .formatted(option, Names.of(kind())));
    }
  }
}
