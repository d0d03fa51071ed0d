package dev.mincover.lab.report;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/**
 * Runs that differ only in their seed. They share a name, a colour and a dash in all charts.
 *
 * @param index from 0, in the order of the report
 * @param name different from that of every other series
 * @param runs at least one
 */
record Series(int index, String name, List<ReportedRun> runs) {

  /** What is equal for all runs of a series. */
  private record Setup(
      TaskKind task,
      OptimizerSettings optimizer,
      Summary.Model model,
      int batch,
      long steps,
      String corpus) {

    static Setup of(ReportedRun run) {
      Summary summary = run.summary();
      return new Setup(
          summary.setup().kind(),
          summary.optimizer(),
          summary.setup().model(),
          summary.setup().batch(),
          summary.course().steps(),
          summary.setup().corpus());
    }
  }

  /** Copies the list. */
  Series {
    runs = List.copyOf(runs);
  }

  /**
   * Returns the series of runs. SM3 comes first, so that it has the same colour in most reports.
   */
  static List<Series> of(List<ReportedRun> runs) {
    Map<Setup, List<ReportedRun>> groups = new LinkedHashMap<>();
    runs.forEach(run -> groups.computeIfAbsent(Setup.of(run), _ -> new ArrayList<>()).add(run));
    List<List<ReportedRun>> members =
        groups.values().stream()
            .sorted(Comparator.comparing(group -> kind(group.getFirst())))
            .toList();
    List<String> names = names(members.stream().map(List::getFirst).toList());
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      series.add(new Series(i, names.get(i), members.get(i)));
    }
    return series;
  }

  private static OptimizerKind kind(ReportedRun run) {
    return Names.parse("optimizer", run.summary().optimizer().name(), OptimizerKind.class);
  }

  /** Returns the names of the optimizers, with details for those that would share a name. */
  private static List<String> names(List<ReportedRun> firsts) {
    List<BiFunction<String, ReportedRun, String>> details =
        List.of(
            (name, run) -> name + ", " + OptimizerDescription.ofRate(run.summary().optimizer()),
            (name, run) -> "%s, %,d steps".formatted(name, run.summary().course().steps()),
            (name, run) -> "%s (%s)".formatted(name, run.directory().path()));
    List<String> names =
        firsts.stream().map(run -> OptimizerDescription.of(run.summary().optimizer())).toList();
    for (var detail : details) {
      List<String> before = names;
      List<String> after = new ArrayList<>();
      for (int i = 0; i < firsts.size(); i++) {
        String name = before.get(i);
        boolean shared = before.stream().filter(name::equals).count() > 1;
        after.add(shared ? detail.apply(name, firsts.get(i)) : name);
      }
      names = after;
    }
    return names;
  }

  /**
   * Returns what the losses of all series are per, and speeds are counted in, as words of a task;
   * of several tasks, those of the first.
   */
  static TaskKind task(List<Series> all) {
    return all.getFirst().first().setup().kind();
  }

  /** Returns the summary of the first run, which also holds what all runs share. */
  Summary first() {
    return runs.getFirst().summary();
  }

  /** Returns the validation losses in bits, of the runs that have one. */
  DoubleStream bits() {
    return runs.stream()
        .map(run -> run.summary().quality().validationBits())
        .filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue);
  }

  /** Returns the mean validation loss in bits; empty if no run has one. */
  OptionalDouble meanBits() {
    return bits().average();
  }

  /** Returns the mean over the runs. */
  double mean(ToDoubleFunction<Summary> value) {
    return runs.stream().mapToDouble(run -> value.applyAsDouble(run.summary())).average().orElse(0);
  }

  /** Returns the optimizer state in bytes per weight. */
  double bytesPerWeight() {
    return mean(
        summary -> (double) summary.memory().optimizerStateBytes() / summary.memory().parameters());
  }

  /** Returns the optimizer state divided by what Adam would allocate for the same weights. */
  double shareOfAdam() {
    return mean(summary ->
        (double) summary.memory().optimizerStateBytes() / summary.memory().adamStateBytes());
  }
}
