package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Interrupt;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.task.Task;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs one comparison from start to end: measures how fast the machine is, searches for learning
 * rates if asked, trains, and prints and writes the result, also when it is interrupted.
 *
 * @param request what the comparison was asked for
 * @param plan made from the request
 * @param mainClass of the command line, which each training is a process of
 */
public record ComparisonRunner(
    ComparisonRequest request, ComparisonPlan plan, String mainClass, ComparisonOutput output) {

  /** The share of the budget that goes into measuring how fast the machine is. */
  private static final double CALIBRATION_SHARE = 0.03;

  /** Compares in a new directory; returns the exit code: 0, or 1 if a training failed. */
  public int run(PrintWriter out, PrintWriter err) {
    return run(false, out, err);
  }

  /**
   * Goes on with a comparison that was interrupted. Trainings that have finished are kept, and the
   * one that was under way goes on.
   *
   * @return the exit code: 0, or 1 if a training failed
   */
  public int resume(PrintWriter out, PrintWriter err) {
    return run(true, out, err);
  }

  private int run(boolean resumed, PrintWriter out, PrintWriter err) {
    PrintWriter text = text(out, err);
    try (Interrupt _ = new Interrupt()) {
      double baseline = plan.task().baseline();
      announce(text);
      StepPlanner planner = isLengthOpen() ? new StepPlanner(plan, calibrate(text)) : null;
      ComparisonRequest.Chosen chosen = request.chosen();
      Sweep sweep = plan.search() == null ? null : plan.search().sweep();
      if (sweep != null && plan.length().steps() == null) {
        Long steps = chosen.searchSteps();
        sweep = steps == null ? requireNonNull(planner).sweep(sweep) : sweep.of(steps);
        chosen = new ComparisonRequest.Chosen(sweep.steps(), chosen.steps());
      }
      if (planner != null && !plan.searchesOnly()) {
        planner.requireTimeToTrain(); // Before there is a directory.
      }
      if (Interrupt.isRequested()) {
        return 1;
      }
      ComparisonRequest begun = request.choosing(chosen);
      if (!resumed) {
        output.directory().create(begun::write);
      }
      try (RunDirectory.Lock _ = output.directory().lock()) {
        begun.write(output.directory());
        return begin(begun, sweep, planner, baseline, out, err);
      }
    }
  }

  /** Searches and trains in a directory that is there. */
  private int begin(
      ComparisonRequest begun,
      @Nullable Sweep sweep,
      @Nullable StepPlanner planner,
      double baseline,
      PrintWriter out,
      PrintWriter err) {
    List<ComparedOptimizer> tuned = plan.optimizers();
    if (sweep != null) {
      SweepResult result = search(sweep, text(out, err), err);
      if (plan.searchesOnly() || !result.finished()) {
        output.json().write(result, out);
        return 0;
      }
      tuned = tuned(result);
    }
    ComparisonRequest.Chosen chosen = begun.chosen();
    Long steps = plan.length().steps() == null ? chosen.steps() : plan.length().steps();
    if (steps == null) {
      steps = requireNonNull(planner).steps();
      begun
          .choosing(new ComparisonRequest.Chosen(chosen.searchSteps(), steps))
          .write(output.directory());
    }
    return train(tuned, steps, planner, baseline, out, err);
  }

  /** Whether a number of steps is still to be chosen. */
  private boolean isLengthOpen() {
    ComparisonRequest.Chosen chosen = request.chosen();
    return plan.length().steps() == null
        && ((plan.search() != null && chosen.searchSteps() == null)
            || (!plan.searchesOnly() && chosen.steps() == null));
  }

  private void announce(PrintWriter text) {
    line(text, "data", plan.task().data());
    line(text, "model", plan.task().description());
    for (ComparedOptimizer optimizer : plan.optimizers()) {
      OptimizerSettings settings = optimizer.settings(plan.task().weights());
      line(
          text,
          optimizer.equals(plan.optimizers().getFirst()) ? "optimizers" : "",
          "%-9s %s, %s"
              .formatted(
                  optimizer.name(),
                  OptimizerDescription.of(settings),
                  OptimizerDescription.ofRate(settings)));
    }
    line(text, "directory", output.directory().path().toString());
    text.flush();
  }

  private Calibration calibrate(PrintWriter text) {
    Calibration calibration =
        Calibration.measure(
            plan.task(),
            plan.optimizers(),
            plan.threads(),
            CALIBRATION_SHARE * plan.length().budget().seconds(),
            Interrupt::isRequested);
    line(
        text,
        "measured",
        "%s s to start a training, %s s to evaluate it, %s ms a step"
            .formatted(
                "%.1f".formatted(calibration.startSeconds()),
                "%.1f".formatted(calibration.evaluationSeconds()),
                Names.listed(
                    plan.optimizers().stream()
                        .map(o -> "%.0f".formatted(1e3 * calibration.stepSeconds(o)))
                        .toList(),
                    "and")));
    text.flush();
    return calibration;
  }

  private SweepResult search(Sweep sweep, PrintWriter text, PrintWriter err) {
    line(
        text,
        "sweep",
        "%d rates, each with warm-up over %s %% of the steps, for each optimizer: %s; seeds %s"
            .formatted(
                sweep.rates(),
                Names.listed(
                    sweep.warmups().stream().map(share -> Figures.plain(100 * share)).toList(),
                    "and"),
                Names.listed(
                    sweep.rounds().stream()
                        .map(r -> "%d trained for %,d steps".formatted(r.choices(), r.steps()))
                        .toList(),
                    "then"),
                listed(sweep.seeds())));
    text.println();
    text.flush();
    return new SweepRunner(
            sweep, plan.task(), plan.optimizers(), plan.threads(), file("sweep.json"))
        .run(text, err);
  }

  /** The optimizers at the rates and warm-ups that won. One that always diverged keeps its own. */
  private List<ComparedOptimizer> tuned(SweepResult result) {
    return plan.optimizers().stream()
        .map(optimizer ->
            result.winners().stream()
                .filter(winner -> winner.optimizer().equals(optimizer.name()))
                .filter(winner -> winner.validationLoss() != null)
                .findFirst()
                .map(winner -> optimizer.at(winner.learningRate(), winner.warmup()))
                .orElse(optimizer))
        .toList();
  }

  private int train(
      List<ComparedOptimizer> tuned,
      long steps,
      @Nullable StepPlanner planner,
      double baseline,
      PrintWriter out,
      PrintWriter err) {
    PrintWriter text = text(out, err);
    Task task = plan.task();
    List<Long> seeds = plan.seeds();
    line(
        text,
        "training",
        "%,d steps of %s with each of %d optimizers, seed%s %s, %d threads%s"
            .formatted(
                steps,
                task.step(),
                tuned.size(),
                seeds.size() == 1 ? "" : "s",
                listed(seeds),
                plan.threads(),
                planner == null ? "" : ", about " + Budget.clock(planner.seconds(steps))));
    ComparisonTrainings trainings =
        new ComparisonTrainings(
            tuned, seeds, steps, mainClass, request.trainArguments(), output.directory().path());
    try (LiveReport live = output.live() ? new LiveReport(trainings.directories()) : null) {
      if (live != null) {
        line(text, "live", live.address().toString());
        live.show();
      }
      text.println();
      text.flush();
      Map<ComparedOptimizer, ComparisonTrainings.Runs> runs =
          trainings.run(Interrupt::isRequested, new ComparisonProgress(steps, err));
      ComparisonResult result = result(steps, runs, baseline);
      conclude(result, text);
      output.json().write(result, out);
      return result.hasFailures() ? 1 : 0;
    }
  }

  private ComparisonResult result(
      long steps, Map<ComparedOptimizer, ComparisonTrainings.Runs> runs, double baseline) {
    Task task = plan.task();
    List<ComparisonRow> rows =
        runs.entrySet().stream()
            .map(entry -> entry.getValue().row(entry.getKey(), task.weights()))
            .toList();
    return new ComparisonResult(
        rows.stream().allMatch(row -> row.isFinished(plan.seeds().size())),
        new ComparisonResult.Length(steps, tokens(runs), plan.seeds()),
        TrainingSetup.of(task, plan.threads()),
        baseline,
        rows,
        ComparisonResult.Platform.here());
  }

  /** Returns the tokens of a finished training; 0 if there is none. */
  private static long tokens(Map<ComparedOptimizer, ComparisonTrainings.Runs> runs) {
    return runs.values().stream()
        .flatMap(each -> each.summaries().stream())
        .filter(summary -> summary.course().finished())
        .mapToLong(summary -> summary.course().tokens())
        .findFirst()
        .orElse(0);
  }

  private void conclude(ComparisonResult result, PrintWriter text) {
    JsonFile.write(result, file("comparison.json"));
    List<RunDirectory> measured = result.directories().stream().map(RunDirectory::new).toList();
    if (!measured.isEmpty()) {
      Report.of(measured).write(file(Report.FILE_NAME));
    }
    text.println();
    ComparisonTable.of(result).forEach(text::println);
    text.println();
    line(
        text,
        "files",
        "%scomparison.json and a directory for each run in %s"
            .formatted(
                measured.isEmpty() ? "" : Report.FILE_NAME + ", ", output.directory().path()));
    text.flush();
  }

  /** Where tables go: standard output, unless it is for JSON. */
  private PrintWriter text(PrintWriter out, PrintWriter err) {
    return output.json().leavesTables() ? out : err;
  }

  private Path file(String name) {
    return output.directory().path().resolve(name);
  }

  private static String listed(List<Long> seeds) {
    return Names.listed(seeds.stream().map(String::valueOf).toList(), "and");
  }

  private static void line(PrintWriter out, String label, String text) {
    out.printf("%-11s%s%n", label, text);
  }
}
