package dev.mincover.lab.report;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Summary;
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
 * Runs that differ in their seed alone. They share a name, a colour and a dash in all charts.
 *
 * @param index from 0, in the order of the report
 * @param name different from that of every other series
 * @param runs at least one
 */
record Series(int index, String name, List<ReportedRun> runs) {

  /** What is equal in all runs of a series. */
  private record Recipe(
      OptimizerSettings optimizer, Summary.Model model, int batch, long steps, String corpus) {

    static Recipe of(ReportedRun run) {
      Summary summary = run.summary();
      return new Recipe(
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

  /** The series of runs: SM3's first, so that it has the same colour in most reports. */
  static List<Series> of(List<ReportedRun> runs) {
    Map<Recipe, List<ReportedRun>> groups = new LinkedHashMap<>();
    runs.forEach(run -> groups.computeIfAbsent(Recipe.of(run), _ -> new ArrayList<>()).add(run));
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

  /** What the optimizers are called, with more about those that would share a name. */
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

  /** The first run's summary; what its runs share may be read from it. */
  Summary first() {
    return runs.getFirst().summary();
  }

  /** Validation losses in bits per byte, of the runs that have one. */
  DoubleStream bitsPerByte() {
    return runs.stream()
        .map(run -> run.summary().quality().validationBitsPerByte())
        .filter(Objects::nonNull)
        .mapToDouble(Double::doubleValue);
  }

  /** Their mean; empty if no run has one. */
  OptionalDouble meanBitsPerByte() {
    return bitsPerByte().average();
  }

  /** The mean over the runs. */
  double mean(ToDoubleFunction<Summary> value) {
    return runs.stream().mapToDouble(run -> value.applyAsDouble(run.summary())).average().orElse(0);
  }

  /** Optimizer state in bytes a weight. */
  double bytesPerWeight() {
    return mean(
        summary -> (double) summary.memory().optimizerStateBytes() / summary.memory().parameters());
  }

  /** Optimizer state over what Adam would allocate for the same weights. */
  double shareOfAdam() {
    return mean(summary ->
        (double) summary.memory().optimizerStateBytes() / summary.memory().adamStateBytes());
  }
}
