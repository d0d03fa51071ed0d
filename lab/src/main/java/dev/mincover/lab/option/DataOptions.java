package dev.mincover.lab.option;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.CpuSwitches;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.TaskData;
import dev.mincover.lab.task.TaskType;
import dev.mincover.lab.train.Tasks;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of task, data, batch, threads and processor that {@code train} and {@code compare}
 * share.
 */
@HelpSection("Task and run")
public final class DataOptions {

  @Option(
      names = "--task",
      paramLabel = "TASK",
      description =
          "What is learned: lm (a GPT continues text), mlm (an encoder guesses masked bytes, like"
              + " BERT), translation (English to French) or image (handwritten digits).")
  private String task = "lm";

  @Option(
      names = "--corpus",
      arity = "1..*",
      paramLabel = "FILE-OR-DIR",
      description =
          "Trains lm or mlm on these files, or on all text files in these directories. About 5 %% of"
              + " the text is held out for validation. Default: Java sources of guava, commons-lang3,"
              + " spring-core, jackson-databind and lucene-core, validated on commons-math3.")
  private @Nullable List<Path> corpus;

  @Option(
      names = "--source",
      paramLabel = "FILE",
      description =
          "Trains a translator from this text, a sentence in a line, to that of --target. About 5 %%"
              + " of the pairs are held out for validation. Default: messages of open-source software"
              + " in English and French.")
  private @Nullable Path source;

  @Option(
      names = "--target",
      paramLabel = "FILE",
      description = "The translation of --source, line by line.")
  private @Nullable Path target;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description =
          "Samples per step: windows of text, pairs of sentences or pictures. Default: 8; 16 for mlm"
              + " and translation, 32 for image.")
  private @Nullable Integer batch;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads that share a batch and the optimizer's steps. Equal seeds and threads give equal"
              + " losses on processors of the same kind. Default: the number of processors, at most"
              + " --batch.")
  private @Nullable Integer threads;

  @Option(
      names = "--portable",
      description =
          "Computes with instructions that every x86-64 processor with AVX2 has. Equal seeds and"
              + " threads then give equal losses on all of these.")
  private boolean portable;

  /**
   * Returns these options after checking that the numbers are in range.
   *
   * @throws UserError if one is out of range, or the task is unknown
   */
  public DataOptions checked() {
    OptionChecks.requireCount("--batch", batch(), 1 << 14);
    OptionChecks.requireCount("--threads", threads(), 1 << 10);
    if ((source == null) != (target == null)) {
      throw new UserError(
          "--%s is given without --%s; a translator needs both"
              .formatted(
                  source == null ? "target" : "source", source == null ? "source" : "target"));
    }
    return this;
  }

  /**
   * Makes libtorch compute with portable instructions, if that option is given. Must be called
   * before libtorch is loaded.
   *
   * @throws UserError if this platform cannot run them
   */
  public void chooseCode() {
    chooseCode(portable);
  }

  /** The same for a run that goes on. */
  public static void chooseCode(boolean portable) {
    if (portable) {
      CpuSwitches.usePortable();
    }
  }

  /** Whether libtorch computes with portable instructions. */
  public boolean isPortable() {
    return portable;
  }

  /** Samples per step. */
  public int batch() {
    return batch == null ? type().batch() : batch;
  }

  /** Threads that share a batch. */
  public int threads() {
    return threads == null
        ? Math.min(Runtime.getRuntime().availableProcessors(), batch())
        : threads;
  }

  /**
   * Returns how the task is made.
   *
   * @throws UserError if it is unknown
   */
  public TaskType type() {
    return Tasks.type(Names.parse("--task", task, TaskKind.class));
  }

  /** Returns what is learned from, with paths as they are from any directory. */
  public TaskData data() {
    return new TaskData(
        Names.of(type().kind()),
        corpus == null ? null : corpus.stream().map(DataOptions::absolute).toList(),
        source == null ? null : absolute(source),
        target == null ? null : absolute(target),
        batch());
  }

  private static String absolute(Path path) {
    return path.toAbsolutePath().normalize().toString();
  }
}
