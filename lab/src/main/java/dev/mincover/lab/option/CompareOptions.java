package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that only {@code mincover compare} has, except those of its sweep. */
public final class CompareOptions {

  private static final String BUDGET = "10m";

  @Option(
      names = "--optimizers",
      split = ",",
      paramLabel = "NAME",
      description =
          "Optimizers to compare, separated by commas; * stands for any characters. Names: sm3,"
              + " with momentum in float32; sm3-bf16 and sm3-int8, with momentum in bfloat16 and"
              + " int8; sm3-none, without momentum; adam; adagrad; adafactor; sgd, with momentum."
              + " Default: sm3, adam, adagrad, adafactor and sgd.")
  private @Nullable List<String> optimizers;

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "S",
      description =
          "Seeds of weights and batches, separated by commas. Every optimizer is trained once with"
              + " each seed.")
  private List<Long> seeds = List.of(1L);

  @Option(
      names = "--budget",
      paramLabel = "TIME",
      description =
          "Wall time for everything, such as 90s, 5m or 1.5h. A short measurement chooses the"
              + " number of steps that fits, the same for all optimizers. Default: 10m")
  private @Nullable String budget;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Number of steps of each training, however long it takes.")
  private @Nullable Long steps;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for all files. It must not exist. Default: runs/<time>-compare.")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      paramLabel = "DIR",
      description =
          "Goes on with a comparison that was interrupted: trainings that have finished are kept,"
              + " the one that was under way goes on from its newest checkpoint. All options are"
              + " those of the comparison; only --json and --open can be given again.")
  private @Nullable Path resume;

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--open",
      description =
          "Shows the report in a browser while the trainings run. The page is served on this"
              + " machine only, and reloads every 10 s.")
  private boolean open;

  /** Names or patterns of optimizers; null for the default. */
  public @Nullable List<String> optimizers() {
    return optimizers;
  }

  /** The seeds, each once. */
  public List<Long> seeds() {
    return List.copyOf(new LinkedHashSet<>(seeds));
  }

  /**
   * The number of steps; null for as many as the budget has time for.
   *
   * @throws UserError if it is out of range
   */
  public @Nullable Long steps() {
    if (steps != null) {
      OptionChecks.requireCount("--steps", steps, 1L << 40);
    }
    return steps;
  }

  /**
   * Wall time for everything, as given.
   *
   * @throws UserError if the number of steps is given too
   */
  public String budget() {
    if (steps != null && budget != null) {
      throw new UserError(
          "--steps and --budget choose the number of steps twice; give one of them");
    }
    return budget == null ? BUDGET : budget;
  }

  /**
   * The directory for all files; checked, not made.
   *
   * @throws UserError if it cannot be made
   */
  public RunDirectory directory() {
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault("compare", LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    return directory;
  }

  /**
   * The directory of the comparison to go on with; null for a new one.
   *
   * @param given the names of the options on the command line
   * @throws UserError if another option cannot be given with it
   */
  public @Nullable RunDirectory resumed(Set<String> given) {
    if (resume == null) {
      return null;
    }
    ResumeOptions.requireOnly(Set.of("--resume", "--json", "--open"), given, "comparison");
    return new RunDirectory(resume);
  }

  /** The option {@code --json}. */
  public JsonOption json() {
    return json;
  }

  /** Whether a browser shows the report while the trainings run. */
  public boolean isOpened() {
    return open;
  }
}
