package dev.mincover.lab.report;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.TaskKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Charts of losses and learning rates over the course of the trainings. */
final class CourseCharts {
  /** The share of a run over which training losses are smoothed. */
  private static final double SMOOTH = 0.02;

  private static final int HEIGHT = 400;
  private static final int TABLE_ROWS = 12;

  private CourseCharts() {}

  /**
   * Makes the chart of validation losses, with the loss of the task's baseline if it is the same
   * for all.
   */
  static Chart validation(List<Series> all) {
    TaskKind task = Series.task(all);
    Function<ReportedRun, Curve> curve =
        run -> Curve.of(run.metrics(), row -> Curve.bits(row.validationLoss()));
    Lines lines = lines(2, all, curve, true);
    List<Double> baselines =
        all.stream()
            .flatMap(series -> series.runs().stream())
            .map(run -> run.summary().quality().baselineBits())
            .distinct()
            .toList();
    boolean baseline = baselines.size() == 1 && Double.isFinite(baselines.getFirst());
    if (baseline) {
      lines.addLevel(task.baseline(), baselines.getFirst());
    }
    return chart(
        "validation",
        "Validation loss, bits per " + task.unit(),
        "On samples that were not trained on; lower is better."
            + means(all)
            + (baseline
                ? " A dotted level, where it is in view, marks %s: %s."
                    .formatted(Figures.decimals(3, baselines.getFirst()), task.baseline())
                : ""),
        lines,
        numbers("bits per " + task.unit(), all, curve));
  }

  /** Makes the chart of smoothed training losses. */
  static Chart training(List<Series> all) {
    TaskKind task = Series.task(all);
    Function<ReportedRun, Curve> curve =
        run ->
            Curve.of(run.metrics(), row -> Curve.bits(row.trainLoss()))
                .smoothed(SMOOTH * run.metrics().size());
    return chart(
        "training",
        "Training loss, bits per " + task.unit(),
        "On the samples trained on, as an exponential average over about %.0f %% of the steps."
                .formatted(100 * SMOOTH)
            + means(all),
        lines(2, all, curve, false),
        numbers("bits per " + task.unit(), all, curve));
  }

  /** Makes the chart of learning rates by step. */
  static Chart learningRate(List<Series> all) {
    Function<ReportedRun, Curve> curve = run -> Curve.of(run.metrics(), Metrics.Row::learningRate);
    return chart(
        "learning-rate",
        "Learning rate",
        "The rate that the schedule gives each step, before an optimizer's own denominators.",
        lines(10, all, curve, false),
        numbers("learning rate", all, curve));
  }

  private static Chart chart(
      String id, String title, String description, Lines lines, Chart.Table numbers) {
    return new Chart(
        id,
        new Chart.Words(title, description, description),
        new Chart.Size(HEIGHT, lines.legendRows(), false),
        new Chart.Drawing(lines.option(), Lines.paper()),
        List.of(lines.horizontalAxis(), lines.scale()),
        numbers);
  }

  private static String means(List<Series> all) {
    return all.stream().allMatch(series -> series.runs().size() == 1)
        ? ""
        : " Thick lines are means over seeds, thin ones the runs.";
  }

  private static Lines lines(
      int logBase, List<Series> all, Function<ReportedRun, Curve> curve, boolean symbols) {
    Lines lines = new Lines(logBase);
    for (Series series : all) {
      List<Curve> curves = series.runs().stream().map(curve).toList();
      lines.add(series, Curve.mean(curves), symbols);
      if (curves.size() > 1) {
        curves.forEach(each -> lines.addThin(series, each));
      }
    }
    return lines;
  }

  private static Chart.Table numbers(
      String unit, List<Series> all, Function<ReportedRun, Curve> curve) {
    List<List<String>> rows = new ArrayList<>();
    for (Series series : all) {
      Curve mean = Curve.mean(series.runs().stream().map(curve).toList());
      for (Curve.Point point : mean.thinned(TABLE_ROWS).points()) {
        rows.add(
            List.of(
                series.name(),
                String.format(Locale.ROOT, "%,.0f", point.step()),
                String.format(Locale.ROOT, "%,.0f", point.tokens()),
                String.format(Locale.ROOT, "%,.1f", point.seconds()),
                String.format(Locale.ROOT, "%.4g", point.value())));
      }
    }
    return new Chart.Table(List.of("optimizer", "step", "tokens", "seconds", unit), rows);
  }
}
