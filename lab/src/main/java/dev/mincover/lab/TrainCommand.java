package dev.mincover.lab;

import dev.mincover.Momentum;
import dev.mincover.Sm3;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.schedule.Schedule;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mincover train}: trains a language model and leaves a run directory. */
@Command(
    name = "train",
    description = {
      "Trains a small GPT over bytes with SM3, on Java source text or on text of yours.",
      "",
      "The learning rate ramps up quadratically over the first 5 %% of the steps and sinks to 0"
          + " over the last 10 %%; in between SM3's own accumulators are its decay.",
      ""
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "The run directory gets metrics.csv (a row a step), summary.json and",
      "model.safetensors, after Ctrl-C too. Examples:",
      "  mincover train --corpus notes/ --steps 5000 --out runs/notes",
      "  mincover generate runs/notes --prompt \"Dear \""
    })
final class TrainCommand implements Callable<Integer> {

  private static final String OPTIMIZER = "sm3";
  private static final double WARMUP = 0.05;
  private static final double COOLDOWN = 0.10;

  @Spec private CommandSpec spec;

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
      description = "Run directory; must not exist. Default: runs/<time>-" + OPTIMIZER + ".")
  private @Nullable Path out;

  @Option(names = "--steps", paramLabel = "N", description = "Training steps.")
  private long steps = 1600;

  @Option(names = "--batch", paramLabel = "N", description = "Windows of text in a step.")
  private int batch = 8;

  @Option(names = "--context", paramLabel = "N", description = "Bytes in a window.")
  private int context = 128;

  @Option(names = "--layers", paramLabel = "N", description = "Transformer blocks.")
  private int layers = 4;

  @Option(names = "--width", paramLabel = "N", description = "Values a byte is embedded in.")
  private int width = 128;

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads; divide the width.")
  private int heads = 4;

  @Option(
      names = "--learning-rate",
      paramLabel = "ETA",
      description = "Highest learning rate; see docs/experiments.md for how it was chosen.")
  private double learningRate = 0.02;

  @Option(
      names = "--momentum",
      paramLabel = "BETA",
      description =
          "Moving average of updates, at least 0 and below 1; 0 needs no memory a weight.")
  private double momentum = 0.9;

  @Option(names = "--seed", paramLabel = "S", description = "Of weights and batches.")
  private long seed = 1;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description =
          "Threads that share a batch and the optimizer's steps; equal seed and threads give equal"
              + " losses. Default: the processors, at most --batch.")
  private @Nullable Integer threads;

  /** Checks everything, then trains. */
  @Override
  public Integer call() {
    requireBetween("--steps", steps, 1L << 40);
    requireBetween("--batch", batch, 1 << 14);
    int threads =
        this.threads == null
            ? Math.min(Runtime.getRuntime().availableProcessors(), batch)
            : this.threads;
    requireBetween("--threads", threads, 1 << 10);
    GptConfig config = checked(() -> new GptConfig(layers, width, heads, context));
    Schedule schedule = checked(this::schedule);
    Sm3 recipe = checked(() -> Sm3.learningRate(schedule).momentum(Momentum.average(momentum)));
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault(OPTIMIZER, LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    Corpus text = corpus == null ? Corpus.javaSources(defaultCorpus()) : Corpus.files(corpus);
    text.requireContext(context);
    TrainingRun run =
        new TrainingRun(
            OPTIMIZER, recipe, learningRate, config, batch, steps, seed, threads, text, directory);
    return run.run(spec.commandLine().getOut(), spec.commandLine().getErr());
  }

  private Schedule schedule() {
    return Schedule.constant(learningRate)
        .warmup(Math.round(WARMUP * steps), 2)
        .cooldown(steps, COOLDOWN);
  }

  private static Path defaultCorpus() {
    String home = System.getProperty("mincover.home");
    if (home == null) {
      throw new UserError("no default corpus without the launcher; name text with --corpus");
    }
    return Path.of(home, "corpus");
  }

  private static void requireBetween(String option, long value, long most) {
    if (value < 1 || value > most) {
      throw new UserError(
          "%s is %d; it must be at least 1 and at most %d".formatted(option, value, most));
    }
  }

  /** What the parts of a recipe refuse is the user's to mend. */
  private static <T> T checked(Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }
}
