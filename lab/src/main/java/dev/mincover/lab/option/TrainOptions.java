package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.statistics.StatisticsSelection;
import dev.mincover.lab.train.CheckpointSchedule;
import dev.mincover.lab.train.TrainingRequest;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The options that only {@code mincover train} has, except those of the model and the optimizer:
 * text, length and files of the run.
 */
@HelpSection("Task and run")
public final class TrainOptions {

  /** Options that a run can be given again when it goes on. */
  private static final Set<String> AGAIN =
      Set.of(
          "--resume",
          "--steps",
          "--checkpoint-every",
          "--keep",
          "--sample",
          "--no-report",
          "--open");

  @Mixin public DataOptions data = new DataOptions();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Run directory. It must not exist. Default: runs/<time>-<optimizer>.")
  private @Nullable Path out;

  @Option(
      names = "--resume",
      paramLabel = "RUN",
      description =
          "Goes on with a run that was interrupted, from its newest checkpoint. The result is bit"
              + " for bit that of a run without interruption. All options are those of the run;"
              + " only --steps, --checkpoint-every, --keep, --sample, --no-report and --open can be"
              + " given again.")
  private @Nullable Path resume;

  @Option(
      names = "--checkpoint-every",
      paramLabel = "STEPS|TIME|none",
      description =
          "Saves a checkpoint every so many steps, such as 200, or after a time, such as 30s, 5m or"
              + " 1h; also before the first step and at the end.")
  private String checkpointEvery = "1m";

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "Number of checkpoints to keep, the newest.")
  private int keep = 2;

  @Option(
      names = "--statistics",
      arity = "1..*",
      paramLabel = "all|none|PATTERN",
      description =
          "Records sums of squared gradients for 'mincover inspect' and the charts of a report: of"
              + " all parameters, of none, or of those whose names match. Costs 4 bytes per weight"
              + " and a few percent of time, which tokens/s does not count. Default: all for a model"
              + " of up to 4,000,000 weights, none for a larger one.")
  private @Nullable List<String> statistics;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description =
          "Number of training steps. Default: what takes about three minutes on two cores.")
  private @Nullable Long steps;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Seed of weights, batches and stochastic rounding.")
  public long seed = 1;

  @Option(
      names = "--sample",
      paramLabel = "BYTES",
      description =
          "Bytes of text that lm generates at the end; of other tasks, any number above 0 shows"
              + " examples; 0 for none.")
  public int sample = 400;

  @Option(
      names = "--no-report",
      description = "Does not write report.html, the page with the charts of the run.")
  private boolean noReport;

  @Option(
      names = "--open",
      description =
          "Shows the charts in a browser during the run. The page is served on this machine only, and"
              + " reloads every 10 s.")
  public boolean open;

  /** The run to go on with; null for a new one. */
  public @Nullable RunDirectory resumed() {
    return resume == null ? null : new RunDirectory(resume);
  }

  /**
   * When checkpoints are saved.
   *
   * @throws UserError if an option is out of range
   */
  public CheckpointSchedule checkpoints() {
    return new CheckpointSchedule(checkpointEvery, keep);
  }

  /**
   * Returns the request of a run that goes on, with the options that are given again.
   *
   * @param given the names of the options on the command line
   * @throws UserError if an option cannot be given again, or is out of range
   */
  public TrainingRequest resumed(TrainingRequest before, Set<String> given) {
    ResumeOptions.requireOnly(AGAIN, given, "run");
    checked();
    return before
        .withSteps(steps == null ? before.steps() : steps)
        .withOutput(
            given.contains("--sample") ? sample : before.output().sample(),
            before.output().report() && reports())
        .withCheckpoints(
            new CheckpointSchedule(
                given.contains("--checkpoint-every")
                    ? checkpointEvery
                    : before.checkpoints().every(),
                given.contains("--keep") ? keep : before.checkpoints().keep()));
  }

  /** Number of training steps. */
  public long steps() {
    return steps == null ? data.type().steps() : steps;
  }

  /** Whether the run ends with a report. */
  public boolean reports() {
    return !noReport;
  }

  /**
   * Returns these options after checking that the numbers are in range.
   *
   * @throws UserError if one is out of range
   */
  public TrainOptions checked() {
    OptionChecks.requireCount("--steps", steps(), 1L << 40);
    data.checked();
    if (sample < 0) {
      throw new UserError(
          "--sample is %d; it must be at least 0, for example 400".formatted(sample));
    }
    return this;
  }

  /**
   * Returns the run directory. It is checked, but not made.
   *
   * @throws UserError if it cannot be made
   */
  public RunDirectory directory(String optimizer) {
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault(optimizer, LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    return directory;
  }

  /**
   * Returns which parameters get gradient statistics, in the words of the option; empty for the
   * default.
   *
   * @throws UserError if the words contradict each other
   */
  public List<String> statistics() {
    return new StatisticsSelection(statistics == null ? List.of() : statistics).words();
  }
}
