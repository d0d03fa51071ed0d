package dev.mincover.lab.report;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.optimizer.OptimizerKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What the runs show, in words.
 *
 * @param headline one sentence without a full stop
 * @param notes sentences on how reliable it is
 */
record Finding(String headline, List<String> notes) {

  /** The relative difference of losses below which they count as equal. */
  private static final double LEVEL = 0.0005;

  /** Copies the list. */
  Finding {
    notes = List.copyOf(notes);
  }

  /** Returns the finding of a report. */
  static Finding of(List<Series> all) {
    return new Finding(headline(all), notes(all));
  }

  static boolean isAdam(Series series) {
    return kind(series).isAdam();
  }

  private static OptimizerKind kind(Series series) {
    return Names.parse("optimizer", series.first().optimizer().name(), OptimizerKind.class);
  }

  private static String headline(List<Series> all) {
    Optional<Series> best = best(all, _ -> true);
    if (best.isEmpty()) {
      return "No run has a validation loss";
    }
    Optional<Series> sm3 = best(all, series -> kind(series) == OptimizerKind.SM3);
    Optional<Series> adam = best(all, Finding::isAdam);
    if (sm3.isEmpty()) {
      return "%s %s %sat %s with %.2f bytes of optimizer state a weight"
          .formatted(
              shortName(best.get(), all),
              verb(best.get()),
              all.size() == 1 ? "" : "lowest, ",
              bits(best.get()),
              best.get().bytesPerWeight());
    }
    if (adam.isEmpty()) {
      return "%s %s at %s with %s of the optimizer memory Adam would take"
          .formatted(
              shortName(sm3.get(), all),
              verb(sm3.get()),
              bits(sm3.get()),
              Figures.percent(sm3.get().shareOfAdam()));
    }
    double mine = sm3.get().meanBits().orElseThrow();
    double difference = mine / adam.get().meanBits().orElseThrow() - 1;
    return "%s %s at %s, %s, with %s of Adam\u2019s optimizer memory"
        .formatted(
            shortName(sm3.get(), all),
            verb(sm3.get()),
            bits(sm3.get()),
            Math.abs(difference) < LEVEL
                ? "level with Adam"
                : Figures.percent(Math.abs(difference))
                    + (difference > 0 ? " above Adam" : " below Adam"),
            Figures.percent(sm3.get().bytesPerWeight() / adam.get().bytesPerWeight()));
  }

  private static Optional<Series> best(List<Series> all, Predicate<Series> which) {
    return all.stream()
        .filter(which)
        .filter(series -> series.meanBits().isPresent())
        .min(Comparator.comparingDouble(series -> series.meanBits().orElseThrow()));
  }

  /** Returns the optimizer's name alone if no other series of the report has the same name. */
  private static String shortName(Series series, List<Series> all) {
    String name = series.first().optimizer().name();
    boolean only =
        all.stream().filter(other -> other.first().optimizer().name().equals(name)).count() == 1;
    return only ? kind(series).title() : series.name();
  }

  private static String verb(Series series) {
    return series.runs().stream().allMatch(run -> run.summary().course().finished())
        ? "ends"
        : "is";
  }

  private static String bits(Series series) {
    return Figures.decimals(3, series.meanBits().orElseThrow())
        + " bits per "
        + series.first().setup().kind().unit();
  }

  private static List<String> notes(List<Series> all) {
    List<String> notes = new ArrayList<>();
    long runs = all.stream().mapToLong(series -> series.runs().size()).sum();
    if (runs == 1) {
      notes.add("One run with one seed: other seeds give other losses.");
    } else if (all.stream().allMatch(series -> series.runs().size() == 1)) {
      notes.add("One seed each: small differences may be the seed\u2019s.");
    } else {
      notes.add("Losses are means over the seeds, with their standard deviation.");
    }
    List<String> differences = new ArrayList<>();
    differ(all, "task", series -> series.first().setup().kind(), differences);
    differ(all, "tokens", series -> series.first().course().tokens(), differences);
    differ(all, "model", series -> series.first().setup().model(), differences);
    differ(all, "batch size", series -> series.first().setup().batch(), differences);
    differ(all, "data", series -> series.first().setup().corpus(), differences);
    if (!differences.isEmpty()) {
      notes.add(
          "The runs differ in %s; compare their losses with care."
              .formatted(Names.listed(differences, "and")));
    }
    all.stream()
        .flatMap(series -> series.runs().stream())
        .filter(run -> !run.summary().course().finished())
        .forEach(run ->
            notes.add("%s is not finished: it has %,d steps.".formatted(run.name(), run.steps())));
    return notes;
  }

  private static void differ(
      List<Series> all, String what, Function<Series, Object> value, List<String> differences) {
    if (all.stream().map(value).distinct().count() > 1) {
      differences.add(what);
    }
  }
}
