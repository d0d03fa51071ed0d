package dev.mincover.lab;

import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.statistics.Selection;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of what a run reads, how long it takes and where it leaves its files. */
@Section("Text and run")
final class RunOptions {

  @Option(
      names = "--corpus",
      arity = "1..*",
      paramLabel = "FILE-OR-DIR",
      description =
          "Train on these files, or on all text files in these directories; about 5 %% is held out"
              + " for validation. Default: Java sources of guava, commons-lang3, spring-core,"
              + " jackson-databind and lucene-core, validated on commons-math3.")
  private @Nullable List<Path> corpus;

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
  long steps = 1600;

  @Option(names = "--batch", paramLabel = "N", description = "Windows of text in a step.")
  int batch = 8;

  @Option(
      names = "--seed",
      paramLabel = "S",
      description = "Of weights, batches and stochastic rounding.")
  long seed = 1;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads that share a batch and the optimizer's steps; equal seed and threads give equal"
              + " losses. Default: the processors, at most --batch.")
  private @Nullable Integer threads;

  /** These options, once their numbers are known to be in range. */
  RunOptions checked() {
    Checks.requireCount("--steps", steps, 1L << 40);
    Checks.requireCount("--batch", batch, 1 << 14);
    Checks.requireCount("--threads", threads(), 1 << 10);
    return this;
  }

  int threads() {
    return threads == null ? Math.min(Runtime.getRuntime().availableProcessors(), batch) : threads;
  }

  /** Where the run will leave its files; checked, not made. */
  RunDirectory directory(String optimizer) {
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault(optimizer, LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    return directory;
  }

  /** Which parameters get statistics. */
  Selection statistics() {
    return new Selection(statistics == null ? List.of() : statistics);
  }

  /** Reads the text. */
  Corpus corpus() {
    return corpus == null ? Corpus.javaSources(defaultCorpus()) : Corpus.files(corpus);
  }

  private static Path defaultCorpus() {
    String home = System.getProperty("mincover.home");
    if (home == null) {
      throw new UserError("no default corpus without the launcher; name text with --corpus");
    }
    return Path.of(home, "corpus");
  }
}
