package dev.mincover.lab.option;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.statistics.StatisticsSelection;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of what a run reads, how long it takes and what it leaves. */
@HelpSection("Text and run")
public final class TrainOptions {

  @Mixin public TextOptions text = new TextOptions();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Run directory; must not exist. Default: runs/<time>-<optimizer>.")
  private @Nullable Path out;

  @Option(
      names = "--statistics",
      arity = "1..*",
      paramLabel = "all|none|PATTERN",
      description =
          "Record what the gradients of all parameters, of none, or of those whose names match add"
              + " up to, for 'mincover inspect' and the pictures of a report: 4 bytes a weight,"
              + " and a few percent of the time, not counted in tokens/s. Default: all of a model"
              + " of up to 4,000,000 weights, none of a larger one.")
  private @Nullable List<String> statistics;

  @Option(names = "--steps", paramLabel = "N", description = "Training steps.")
  public long steps = 1600;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of weights, batches and stochastic rounding.")
  public long seed = 1;

  @Option(
      names = "--sample",
      paramLabel = "BYTES",
      description = "How much text to write at the end, to show what was learned; 0 is none.")
  public int sample = 400;

  @Option(
      names = "--no-report",
      description = "Leave out report.html, the charts of the run in one page.")
  private boolean noReport;

  @Option(
      names = "--open",
      description =
          "Show these charts while the run goes on: serves them to a browser on this machine, which"
              + " loads them anew every 10 s, and opens it if there is a desktop.")
  public boolean open;

  /** Whether the run ends with a report. */
  public boolean reports() {
    return !noReport;
  }

  /** These options, once their numbers are known to be in range. */
  public TrainOptions checked() {
    OptionChecks.requireCount("--steps", steps, 1L << 40);
    text.checked();
    if (sample < 0) {
      throw new UserError(
          "--sample is %d; it must be at least 0, for example 400".formatted(sample));
    }
    return this;
  }

  /** Where the run will leave its files; checked, not made. */
  public RunDirectory directory(String optimizer) {
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault(optimizer, LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    return directory;
  }

  /** Which parameters get statistics. */
  public StatisticsSelection statistics() {
    return new StatisticsSelection(statistics == null ? List.of() : statistics);
  }
}
