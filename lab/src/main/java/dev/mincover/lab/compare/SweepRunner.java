package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.Terminal;
import dev.mincover.lab.common.Version;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.train.StepReport;
import dev.mincover.lab.train.TrainingLoop;
import dev.mincover.lab.train.TrainingPlan;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;

/**
 * Runs one sweep from start to end: trains in this process, shows progress, and writes what it has
 * tried into a file, also when it is interrupted.
 *
 * @param file {@code sweep.json}; trainings in it are not repeated if it is there
 */
record SweepRunner(
    Sweep sweep, Task task, List<ComparedOptimizer> optimizers, int threads, Path file) {

  /** Searches for every optimizer in turn. */
  SweepResult run(PrintWriter out, PrintWriter err) {
    Map<Sweep.Trial, Double> earlier = earlier();
    List<Sweep.Trial> trials = new ArrayList<>();
    List<Sweep.Winner> winners = new ArrayList<>();
    SweepResult result = result(winners, trials);
    try (Shown shown = new Shown(sweep.stepsInAll() * optimizers.size(), err)) {
      for (ComparedOptimizer optimizer : optimizers) {
        Sweep.Winner winner =
            sweep.search(
                optimizer,
                (tried, steps, seed) -> {
                  Double loss = earlier.get(key(tried, steps, seed));
                  return loss == null ? train(tried, steps, seed, shown) : OptionalDouble.of(loss);
                },
                trial -> {
                  trials.add(trial);
                  if (!earlier.containsKey(trial.withoutOutcome())) {
                    JsonFile.write(result(winners, trials), file);
                  }
                  shown.done(trial);
                });
        if (winner == null) {
          break;
        }
        winners.add(winner);
        result = result(winners, trials);
        JsonFile.write(result, file);
      }
    }
    lines(winners).forEach(out::println);
    out.println();
    out.flush();
    return result;
  }

  /** The losses of an interrupted search, by training; NaN where it diverged. */
  private Map<Sweep.Trial, Double> earlier() {
    Map<Sweep.Trial, Double> losses = new HashMap<>();
    if (Files.exists(file)) {
      SweepResult result =
          JsonFile.read(file, SweepResult.class, "the result of a search", List.of("task"));
      for (Sweep.Trial trial : result.trials()) {
        Double loss = trial.validationLoss();
        losses.put(trial.withoutOutcome(), loss == null ? Double.NaN : loss);
      }
    }
    return losses;
  }

  private static Sweep.Trial key(ComparedOptimizer tried, long steps, long seed) {
    double rate = requireNonNull(tried.learningRate());
    return new Sweep.Trial(
        tried.name(), rate, requireNonNull(tried.warmup()), 0, steps, seed, null);
  }

  private OptionalDouble train(ComparedOptimizer tried, long steps, long seed, Shown shown) {
    TrainingPlan plan = TrainingPlan.of(task, tried.settings(task.weights()), steps, seed, threads);
    shown.begins(tried);
    TrainingLoop.Outcome outcome = train(plan, shown);
    if (outcome.steps() < steps && Interrupt.isRequested()) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(outcome.steps() < steps ? Double.NaN : outcome.validationLoss());
  }

  /** Trains without writing files, and evaluates once, after the last step. */
  private static TrainingLoop.Outcome train(TrainingPlan plan, Consumer<StepReport> listener) {
    try (Model model = plan.model();
        BoundOptimizer optimizer = plan.bind(model);
        TrainingLoop loop = plan.loop(model, optimizer)) {
      return loop.train(plan.steps(), Long.MAX_VALUE, Interrupt::isRequested, listener);
    }
  }

  private SweepResult result(List<Sweep.Winner> winners, List<Sweep.Trial> trials) {
    return new SweepResult(
        winners.size() == optimizers.size(),
        SweepResult.Grid.of(sweep),
        TrainingSetup.of(task, threads),
        winners,
        trials,
        Machine.description(),
        Version.number());
  }

  private List<String> lines(List<Sweep.Winner> winners) {
    List<String> lines = new ArrayList<>();
    lines.add(
        "%-10s %-22s %-10s %8s %10s"
            .formatted("optimizer", "rates tried", "best", "warm-up", "loss"));
    for (Sweep.Winner winner : winners) {
      Double loss = winner.validationLoss();
      String note =
          loss == null
              ? "  all diverged"
              : winner.atEdge() ? "  at the edge of what was tried" : "";
      lines.add(
          "%-10s %-22s %-10s %8s %10s%s"
              .formatted(
                  winner.optimizer(),
                  Figures.plain(winner.rates().getFirst())
                      + " to "
                      + Figures.plain(winner.rates().getLast()),
                  Figures.plain(winner.learningRate()),
                  Figures.plain(100 * winner.warmup()) + " %",
                  loss == null ? "-" : Figures.decimals(4, loss),
                  note));
    }
    lines.add(
        "Loss in nats a %s after %,d steps, the mean of seeds %s."
            .formatted(
                task.kind().unit(),
                sweep.steps(),
                Names.listed(sweep.seeds().stream().map(String::valueOf).toList(), "and")));
    return lines;
  }

  /** Shows progress: a bar on a terminal, elsewhere a line for each trial. */
  private static final class Shown implements Consumer<StepReport>, AutoCloseable {
    private final PrintWriter err;
    private final @Nullable ProgressBar bar;
    private long done;

    Shown(long steps, PrintWriter err) {
      this.err = err;
      bar = Terminal.isThere() ? Terminal.bar("sweep", steps, System.err).build() : null;
    }

    void begins(ComparedOptimizer tried) {
      if (bar != null) {
        Double rate = tried.learningRate();
        bar.setExtraMessage(
            " %s at %s".formatted(tried.name(), rate == null ? "-" : Figures.plain(rate)));
      }
    }

    @Override
    public void accept(StepReport report) {
      if (bar != null) {
        bar.stepTo(done + report.step());
      }
    }

    void done(Sweep.Trial trial) {
      done += trial.steps();
      if (bar == null) {
        Double loss = trial.validationLoss();
        err.printf(
            "sweep  %s at %s, warm-up %s %%, %,d steps, seed %d: %s%n",
            trial.optimizer(),
            Figures.plain(trial.learningRate()),
            Figures.plain(100 * trial.warmup()),
            trial.steps(),
            trial.seed(),
            loss == null ? "diverged" : "loss " + Figures.decimals(4, loss));
        err.flush();
      } else {
        bar.stepTo(done);
      }
    }

    @Override
    public void close() {
      if (bar != null) {
        bar.close();
      }
    }
  }
}
