package dev.mincover.lab.compare;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The table that {@code mincover compare} prints. */
public final class ComparisonTable {

  private static final String NONE = "-";

  private ComparisonTable() {}

  /**
   * Returns the lines of the table: one for each optimizer, with a head above and an explanation of
   * the columns below.
   */
  public static List<String> of(ComparisonResult comparison) {
    List<String> lines = new ArrayList<>();
    TaskKind task = comparison.setup().kind();
    String score = score(comparison);
    lines.add(
        line(
            score,
            "",
            "bits a",
            "+-",
            "perplexity",
            score == null ? "" : score,
            "optimizer",
            "bytes a",
            "peak",
            "tokens/s",
            "in the"));
    lines.add(
        line(
            score,
            "optimizer",
            task.unit(),
            "",
            "",
            "",
            "bytes",
            "weight",
            "memory",
            "",
            "optimizer"));
    for (ComparisonRow row : comparison.optimizers()) {
      Long state = row.memory().optimizerStateBytes();
      Long peak = row.memory().peakMemoryBytes();
      Double share = row.speed().optimizerShare();
      lines.add(
          line(
              score,
              row.optimizer(),
              quality(row),
              figure(3, row.quality().standardDeviation()),
              figure(2, row.quality().perplexity()),
              row.quality().score() == null ? NONE : figure(2, row.quality().score().value()),
              state == null ? NONE : "%,d".formatted(state),
              number("%.2f", row.memory().optimizerStateBytesPerWeight()),
              peak == null ? NONE : ByteCount.format(peak),
              number("%,.0f", row.speed().tokensPerSecond()),
              share == null ? NONE : "%.1f %%".formatted(100 * share)));
    }
    for (ComparisonRow row : comparison.optimizers()) {
      long finished = row.finishedRuns();
      int seeds = comparison.length().seeds().size();
      if (finished < seeds && finished > 0) {
        lines.add("%s: of %d of %d seeds".formatted(row.optimizer(), finished, seeds));
      }
      for (ComparedRun run : row.runs()) {
        if (run.end().failure() != null) {
          lines.add("%s, seed %d: %s".formatted(row.optimizer(), run.seed(), run.end().failure()));
        }
      }
    }
    lines.add("");
    lines.add(
        "Bits a %s on samples not trained on, the mean over seeds; +- their standard deviation."
            .formatted(task.unit()));
    lines.add("Perplexity is 2 to the bits.");
    lines.add("Peak memory is that of a process, with the JVM, the data and the model.");
    return lines;
  }

  /** Returns bits per byte, or why there are none. */
  private static String quality(ComparisonRow row) {
    if (row.quality().validationBits() != null || row.runs().isEmpty()) {
      return figure(3, row.quality().validationBits());
    }
    return row.runs().stream().anyMatch(run -> run.end().failure() != null) ? "failed" : "stopped";
  }

  /** Returns the name of the task's figure; null if no row has one. */
  private static @Nullable String score(ComparisonResult comparison) {
    return comparison.optimizers().stream()
        .map(row -> row.quality().score())
        .filter(Objects::nonNull)
        .map(Summary.Score::name)
        .findFirst()
        .orElse(null);
  }

  private static String line(@Nullable String score, Object... cells) {
    String scored = score == null ? "%s" : " %11s"; // Without a score, its cells are empty.
    if (score == null) {
      cells[4] = "";
    }
    return ("%-10s %11s %8s %10s" + scored + " %10s %9s %10s %9s %9s")
        .formatted(cells)
        .stripTrailing();
  }

  private static String figure(int decimals, @Nullable Double value) {
    return value == null ? NONE : Figures.decimals(decimals, value);
  }

  private static String number(String format, @Nullable Double value) {
    return value == null ? NONE : format.formatted(value);
  }
}
