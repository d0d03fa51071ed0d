package dev.mincover.lab.train;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.model.TextGenerator;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.report.LiveReport;
import dev.mincover.lab.report.Report;
import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.task.Task;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The lines that a training run prints before its first step and after its last. */
record TrainingMessages(
    TrainingRequest request, TrainingPlan plan, RunDirectory directory, PrintWriter out) {

  /** Bytes of state that Adam keeps per weight: two float32 values. */
  static final int ADAM_BYTES_PER_WEIGHT = 2 * Float.BYTES;

  /** Examples that are printed; the report has all of them. */
  private static final int SHOWN = 4;

  /**
   * Prints what the run is about to do.
   *
   * @param weights number of weights of the model
   * @param stateBytes allocated by the optimizer
   * @param live the report to watch; null for none
   */
  void announce(long weights, long stateBytes, @Nullable LiveReport live) {
    Task task = plan.task();
    OptimizerKind kind = Names.parse("optimizer", plan.settings().name(), OptimizerKind.class);
    line("data", task.data());
    line("model", task.description());
    line(
        "optimizer",
        "%s: %s of state, %.2f bytes a weight%s"
            .formatted(
                OptimizerDescription.of(plan.settings()),
                ByteCount.format(stateBytes),
                (double) stateBytes / weights,
                kind.isAdam()
                    ? ""
                    : "; Adam would take %s, %d bytes a weight"
                        .formatted(
                            ByteCount.format(weights * ADAM_BYTES_PER_WEIGHT),
                            ADAM_BYTES_PER_WEIGHT)));
    line(
        "training",
        "%,d steps of %s, %s, seed %d, %d threads"
            .formatted(
                plan.steps(),
                task.step(),
                OptimizerDescription.ofRate(plan.settings()),
                plan.seed(),
                plan.threads()));
    line("run", directory.path().toString());
    if (live != null) {
      line("live", live.address().toString());
      live.show();
    }
    out.println();
    out.flush();
  }

  /** Prints where a run goes on. */
  void resumed(long steps) {
    line("resumed", "after step %,d of %,d".formatted(steps, plan.steps()));
    out.println();
    out.flush();
  }

  /** Prints that nothing is left to do. */
  void finished() {
    line(
        "finished",
        "%s has taken all of its %,d steps; give more --steps to go on"
            .formatted(directory.path(), plan.steps()));
    out.flush();
  }

  /** What to do when the run cannot go on; empty if nothing can be done. */
  String remedy() {
    return request.checkpoints().saves()
        ? "; the run can go on with 'mincover train --resume %s'".formatted(directory.path())
        : "";
  }

  /** Prints what the checkpoints cost, and how to go on with a run that is not finished. */
  void checkpoints(Checkpoints checkpoints, Summary summary) {
    if (!request.checkpoints().saves()) {
      return;
    }
    double seconds = checkpoints.seconds();
    double all = Math.max(seconds + summary.course().seconds(), 1e-9);
    line(
        "saved",
        "%,d checkpoint%s in %.2f s, %.2f %% of the time%s"
            .formatted(
                checkpoints.saved(),
                checkpoints.saved() == 1 ? "" : "s",
                seconds,
                100 * seconds / all,
                summary.course().finished()
                    ? ""
                    : "; go on with 'mincover train --resume %s'".formatted(directory.path())));
  }

  /** Prints how well the model predicts and how fast it was trained. */
  void result(Summary summary, float validationLoss) {
    Summary.Course course = summary.course();
    TaskKind kind = plan.task().kind();
    line(
        course.finished() ? "validation" : "stopped",
        "after %,d steps: loss %s nats a %s, %s bits per %s; %s has %s"
            .formatted(
                course.steps(),
                Figures.decimals(4, validationLoss),
                kind.unit(),
                Figures.decimals(3, validationLoss / Math.log(2)),
                kind.unit(),
                kind.baseline(),
                Figures.decimals(3, summary.quality().baselineBits())));
    for (Summary.Score score : summary.quality().scores()) {
      line(
          "score",
          "%s %s; %s has %s"
              .formatted(
                  score.name(),
                  Figures.decimals(2, score.value()),
                  score.of(),
                  Figures.decimals(2, score.baseline())));
    }
    line(
        "speed",
        "%,.0f %s/s for %.0f s, of which %.1f %% in the optimizer"
            .formatted(
                course.tokensPerSecond(),
                kind.tokens(),
                course.seconds(),
                100 * course.optimizerSeconds() / Math.max(course.seconds(), 1e-9)));
    if (course.skippedSteps() > 0) {
      line(
          "skipped",
          "%,d of the %,d steps, for gradients that were not finite"
              .formatted(course.skippedSteps(), course.steps()));
    }
  }

  /** Prints which files the run has written. */
  void files() {
    line(
        "files",
        "metrics.csv, summary.json, model.safetensors%s%s%s%s in %s"
            .formatted(
                Examples.areIn(directory) ? ", examples.json" : "",
                GradientStatistics.areIn(directory) ? ", statistics.safetensors" : "",
                request.output().report() ? ", " + Report.FILE_NAME : "",
                request.checkpoints().saves() ? ", checkpoints" : "",
                directory.path()));
  }

  /** Prints generated text. */
  void sample(String text) {
    if (text.isEmpty()) {
      return; // Only a language model writes.
    }
    line("sample", "at temperature " + TextGenerator.TEMPERATURE);
    out.println();
    out.println(text);
  }

  /** Prints examples of what the model does. */
  void examples(Examples examples) {
    if (examples.rows().isEmpty()) {
      return;
    }
    line("examples", examples.text());
    out.println();
    for (List<String> row : examples.rows().subList(0, Math.min(SHOWN, examples.rows().size()))) {
      for (int i = 0; i < row.size(); i++) {
        out.printf("  %s: %s%n", examples.head().get(i), row.get(i));
      }
      out.println();
    }
  }

  private void line(String label, String text) {
    out.printf("%-11s%s%n", label, text);
  }
}
