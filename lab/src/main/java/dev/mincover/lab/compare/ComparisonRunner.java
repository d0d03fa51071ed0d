package dev.mincover.lab.compare;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.common.Version;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.option.JsonOption;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.train.LanguageTask;
import dev.mincover.lab.train.TrainingRunner;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A comparison from first to last: measures how fast the machine is, searches for rates if asked,
 * trains, and tells what came out, also when it is interrupted.
 *
 * @param steps of each training; null for as many as the budget has time for
 * @param sweep what to search with, its steps not chosen yet; null for no search
 * @param sweepOnly whether it ends with the search
 * @param opens whether the trainings can be watched while they go on
 * @param train the main class, {@code train} and the options that all trainings have in common
 * @param directory not made yet
 */
public record ComparisonRunner(
    LanguageTask task,
    List<ComparedOptimizer> optimizers,
    List<Long> seeds,
    int threads,
    @Nullable Long steps,
    Budget budget,
    @Nullable Sweep sweep,
    boolean sweepOnly,
    boolean opens,
    List<String> train,
    RunDirectory directory,
    JsonOption json) {

  /** Of the time that is left, so much is for a search if trainings come after it. */
  private static final double SWEEP_SHARE = 0.6;

  /** Of the budget, so much is for measuring how fast the machine is. */
  private static final double CALIBRATION_SHARE = 0.03;

  private static final long LEAST_STEPS = 10;

  /** Compares; returns the exit code: 0, or 1 if a training failed. */
  public int run(PrintWriter out, PrintWriter err) {
    PrintWriter text = json.leavesTables() ? out : err;
    try (Interrupt _ = new Interrupt()) {
      double bigram = new BigramModel(task.corpus().training()).bitsPerByte(task.windows());
      announce(text);
      Calibration calibration = steps == null ? calibrate(text) : null;
      Sweep plan = sweep == null ? null : planned(sweep, calibration);
      if (calibration != null && !sweepOnly) {
        // Refuses too little time before there is a directory.
        stepsWithin(calibration, (plan == null ? 1 : 1 - SWEEP_SHARE) * secondsLeft());
      }
      if (Interrupt.isRequested()) {
        return 1;
      }
      directory.create();
      List<ComparedOptimizer> tuned = optimizers;
      if (plan != null) {
        SweepResult record = search(plan, text, err);
        if (sweepOnly || !record.finished()) {
          json.write(record, out);
          return 0;
        }
        tuned = tuned(record);
      }
      return train(tuned, calibration, bigram, text, err, out);
    }
  }

  private void announce(PrintWriter text) {
    line(text, "text", task.corpus().description());
    line(text, "model", TrainingRunner.description(task));
    for (ComparedOptimizer optimizer : optimizers) {
      var settings = optimizer.settings(task.weights());
      line(
          text,
          optimizer.equals(optimizers.getFirst()) ? "optimizers" : "",
          "%-9s %s, %s"
              .formatted(
                  optimizer.name(),
                  OptimizerDescription.of(settings),
                  OptimizerDescription.ofRate(settings)));
    }
    line(text, "directory", directory.path().toString());
    text.flush();
  }

  private Calibration calibrate(PrintWriter text) {
    Calibration calibration =
        Calibration.measure(
            task,
            optimizers,
            threads,
            CALIBRATION_SHARE * budget.seconds(),
            Interrupt::isRequested);
    line(
        text,
        "measured",
        "%s s to start a training, %s s to evaluate it, %s ms a step"
            .formatted(
                "%.1f".formatted(calibration.startSeconds()),
                "%.1f".formatted(calibration.evaluationSeconds()),
                Names.listed(
                    optimizers.stream()
                        .map(o -> "%.0f".formatted(1e3 * calibration.stepSeconds(o)))
                        .toList(),
                    "and")));
    text.flush();
    return calibration;
  }

  private double secondsLeft() {
    return budget.seconds() - Calibration.uptime();
  }

  /** The search with as many steps as it is told, or has time for. */
  private Sweep planned(Sweep sweep, @Nullable Calibration calibration) {
    if (calibration == null) {
      return sweep;
    }
    double share = sweepOnly ? 1 : SWEEP_SHARE;
    long steps = calibration.sweepSteps(share * secondsLeft(), optimizers, sweep);
    if (steps < LEAST_STEPS && !Interrupt.isRequested()) {
      throw new UserError(
          "--budget %s is too short for a search, %d trainings of which the last have %d steps; give more, or fewer --optimizers"
              .formatted(budget.text(), sweep.trainings() * optimizers.size(), LEAST_STEPS));
    }
    return new Sweep(sweep.rates(), sweep.warmups(), rounded(steps), sweep.seeds());
  }

  private SweepResult search(Sweep plan, PrintWriter text, PrintWriter err) {
    line(
        text,
        "sweep",
        "%d rates, each with warm-up over %s %% of the steps, for each optimizer: %s; seeds %s"
            .formatted(
                plan.rates(),
                Names.listed(
                    plan.warmups().stream().map(share -> Figures.plain(100 * share)).toList(),
                    "and"),
                Names.listed(
                    plan.rounds().stream()
                        .map(r -> "%d trained for %,d steps".formatted(r.choices(), r.steps()))
                        .toList(),
                    "then"),
                Names.listed(plan.seeds().stream().map(String::valueOf).toList(), "and")));
    text.println();
    text.flush();
    return new SweepRunner(plan, task, optimizers, threads, directory.path().resolve("sweep.json"))
        .run(text, err);
  }

  /** The optimizers at the rates and warm-ups that won; those of which all diverged keep theirs. */
  private List<ComparedOptimizer> tuned(SweepResult record) {
    return optimizers.stream()
        .map(optimizer ->
            record.winners().stream()
                .filter(winner -> winner.optimizer().equals(optimizer.name()))
                .filter(winner -> winner.validationLoss() != null)
                .findFirst()
                .map(winner -> optimizer.at(winner.learningRate(), winner.warmup()))
                .orElse(optimizer))
        .toList();
  }

  private long stepsWithin(Calibration calibration, double seconds) {
    long steps = calibration.steps(seconds, optimizers, seeds.size(), TrainingRunner.EVALUATIONS);
    if (steps < LEAST_STEPS && !Interrupt.isRequested()) {
      throw new UserError(
          "--budget %s is too short for %d steps with each of %d optimizers and %d seeds; give more, or fewer of them"
              .formatted(budget.text(), LEAST_STEPS, optimizers.size(), seeds.size()));
    }
    return rounded(steps);
  }

  private static long rounded(long steps) {
    return steps < 100 ? steps : steps / 10 * 10;
  }

  private int train(
      List<ComparedOptimizer> tuned,
      @Nullable Calibration calibration,
      double bigram,
      PrintWriter text,
      PrintWriter err,
      PrintWriter out) {
    long chosen = calibration == null ? requireSteps() : stepsWithin(calibration, secondsLeft());
    line(
        text,
        "training",
        "%,d steps of %d x %d bytes with each of %d optimizers, seed%s %s, %d threads%s"
            .formatted(
                chosen,
                task.batch(),
                task.config().context(),
                tuned.size(),
                seeds.size() == 1 ? "" : "s",
                Names.listed(seeds.stream().map(String::valueOf).toList(), "and"),
                threads,
                calibration == null
                    ? ""
                    : ", about "
                        + Budget.clock(
                            calibration.seconds(
                                chosen, tuned, seeds.size(), TrainingRunner.EVALUATIONS))));
    ComparisonTrainings trainings =
        new ComparisonTrainings(tuned, seeds, chosen, train, directory.path());
    try (LiveReport live = opens ? new LiveReport(trainings.directories()) : null) {
      if (live != null) {
        line(text, "live", live.address().toString());
        live.show();
      }
      text.println();
      text.flush();
      Map<ComparedOptimizer, ComparisonTrainings.Runs> runs =
          trainings.run(Interrupt::isRequested, new ComparisonProgress(chosen, err));
      return conclude(comparison(chosen, runs, bigram), text, out);
    }
  }

  private int conclude(ComparisonResult comparison, PrintWriter text, PrintWriter out) {
    JsonOption.write(comparison, directory.path().resolve("comparison.json"));
    List<RunDirectory> measured = comparison.directories().stream().map(RunDirectory::new).toList();
    if (!measured.isEmpty()) {
      Report.of(measured).write(directory.path().resolve(Report.FILE_NAME));
    }
    text.println();
    ComparisonTable.of(comparison).forEach(text::println);
    text.println();
    line(
        text,
        "files",
        "%scomparison.json and a directory for each run in %s"
            .formatted(measured.isEmpty() ? "" : Report.FILE_NAME + ", ", directory.path()));
    text.flush();
    json.write(comparison, out);
    boolean failed =
        comparison.optimizers().stream()
            .flatMap(row -> row.runs().stream())
            .anyMatch(run -> run.failure() != null);
    return failed ? 1 : 0;
  }

  private long requireSteps() {
    if (steps == null) {
      throw new IllegalStateException("neither steps nor a calibration");
    }
    return steps;
  }

  private ComparisonResult comparison(
      long chosen, Map<ComparedOptimizer, ComparisonTrainings.Runs> runs, double bigram) {
    List<ComparisonResult.Row> rows =
        runs.entrySet().stream()
            .map(entry -> entry.getValue().row(entry.getKey(), task.weights()))
            .toList();
    return new ComparisonResult(
        rows.stream().allMatch(row -> row.isFinished(seeds.size())),
        chosen,
        chosen * task.tokensPerStep(),
        seeds,
        threads,
        task.batch(),
        TrainingRunner.model(task),
        task.corpus().description(),
        bigram,
        rows,
        Machine.description(),
        Version.number(),
        Runtime.version().toString());
  }

  private static void line(PrintWriter out, String label, String text) {
    out.printf("%-11s%s%n", label, text);
  }
}
