package dev.mincover.lab.compare;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.train.StepReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The trainings of a comparison, one after the other. All optimizers are trained with the first
 * seed, then with the next.
 *
 * @param steps per training
 * @param mainClass of the command line
 * @param train {@code train} and the options that all trainings have in common
 * @param directory an existing directory; each run gets a directory in it
 */
public record ComparisonTrainings(
    List<ComparedOptimizer> optimizers,
    List<Long> seeds,
    long steps,
    String mainClass,
    List<String> train,
    Path directory) {

  /** Follows the trainings. */
  public interface Listener {
    /** A training begins. */
    void begins(ComparedOptimizer optimizer, long seed, int number, int of);

    /** The current training has taken a step. */
    void at(StepReport report);

    /** The current training has ended; null if it left nothing. */
    void ends(@Nullable ComparedRun run);
  }

  /**
   * The runs of an optimizer.
   *
   * @param summaries of the runs that left one
   */
  public record Runs(List<ComparedRun> runs, List<Summary> summaries) {
    Runs() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    /** Returns the row of the table for these runs. */
    public ComparisonRow row(ComparedOptimizer optimizer, WeightType weights) {
      return ComparisonRow.of(optimizer, optimizer.settings(weights), runs, summaries);
    }
  }

  /** Copies the lists. */
  public ComparisonTrainings {
    optimizers = List.copyOf(optimizers);
    seeds = List.copyOf(seeds);
    train = List.copyOf(train);
  }

  /** Returns the directory of a run. */
  RunDirectory directory(ComparedOptimizer optimizer, long seed) {
    String name = optimizer.name() + (seeds.size() == 1 ? "" : "-seed" + seed);
    return new RunDirectory(directory.resolve(name));
  }

  /** Returns the directories of all runs, in the order of training. */
  public List<RunDirectory> directories() {
    return seeds.stream()
        .flatMap(seed -> optimizers.stream().map(optimizer -> directory(optimizer, seed)))
        .toList();
  }

  /**
   * Trains until all trainings have ended or a stop is requested. Returns the runs by optimizer.
   */
  public Map<ComparedOptimizer, Runs> run(BooleanSupplier stop, Listener listener) {
    Map<ComparedOptimizer, Runs> all = new LinkedHashMap<>();
    optimizers.forEach(optimizer -> all.put(optimizer, new Runs())); // In their order.
    int number = 0;
    for (long seed : seeds) {
      for (ComparedOptimizer optimizer : optimizers) {
        if (stop.getAsBoolean()) {
          return all;
        }
        number++;
        listener.begins(optimizer, seed, number, optimizers.size() * seeds.size());
        Runs runs = all.computeIfAbsent(optimizer, _ -> new Runs());
        listener.ends(train(optimizer, seed, stop, listener::at, runs));
      }
    }
    return all;
  }

  private @Nullable ComparedRun train(
      ComparedOptimizer optimizer,
      long seed,
      BooleanSupplier stop,
      Consumer<StepReport> listener,
      Runs runs) {
    RunDirectory run = directory(optimizer, seed);
    // What another process has finished is kept.
    TrainingProcess.Outcome outcome =
        isFinished(run)
            ? TrainingProcess.Outcome.SUCCESS
            : TrainingProcess.run(command(optimizer, seed, run), run, steps, stop, listener);
    boolean stopped = stop.getAsBoolean();
    String failure = outcome.code() == 0 || stopped ? null : failure(outcome);
    ComparedRun result = null;
    if (Files.exists(run.summary())) {
      Summary summary = Summary.read(run.summary());
      runs.summaries().add(summary);
      result = ComparedRun.of(run.path(), summary, failure);
    } else if (failure != null) {
      result = ComparedRun.failed(seed, run.path(), failure);
    }
    if (result != null) {
      runs.runs().add(result);
    }
    return result;
  }

  private List<String> command(ComparedOptimizer optimizer, long seed, RunDirectory run) {
    String path = run.path().toString();
    if (Files.exists(run.path())) {
      return List.of(mainClass, "train", "--resume", path);
    }
    List<String> command = new ArrayList<>(List.of(mainClass));
    command.addAll(train);
    command.addAll(optimizer.trainArguments());
    command.addAll(List.of("--seed", "" + seed, "--sample", "0", "--no-report"));
    if (!isRecorded(optimizer, seed)) {
      command.addAll(List.of("--statistics", "none"));
    }
    command.addAll(List.of("--out", path, "--steps", "" + steps));
    return command;
  }

  private static boolean isFinished(RunDirectory run) {
    return Files.exists(run.summary()) && Summary.read(run.summary()).course().finished();
  }

  /**
   * Whether a training records gradient statistics. Only one does, because recording takes memory
   * and keeps our code warm in the processor's caches. AdaGrad is preferred, because the statistics
   * are about its sums.
   */
  private boolean isRecorded(ComparedOptimizer optimizer, long seed) {
    ComparedOptimizer recorded =
        optimizers.stream()
            .filter(each -> each.name().equals("adagrad"))
            .findFirst()
            .orElse(optimizers.getLast());
    return optimizer.equals(recorded) && seed == seeds.getFirst();
  }

  private static String failure(TrainingProcess.Outcome outcome) {
    boolean known = outcome.code() == 1 || outcome.code() == UserError.EXIT_CODE;
    return outcome.error().isEmpty() || !known
        ? "the process ended with %d %s".formatted(outcome.code(), outcome.error()).strip()
        : outcome.error();
  }
}
