package dev.mincover.lab.compare;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import java.util.ArrayList;
import java.util.List;
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
    lines.add(
        line(
            "",
            "bits per",
            "+-",
            "perplexity",
            "optimizer",
            "bytes a",
            "peak",
            "tokens/s",
            "in the"));
    lines.add(
        line("optimizer", "byte", "", "per byte", "bytes", "weight", "memory", "", "optimizer"));
    for (ComparisonRow row : comparison.optimizers()) {
      Long state = row.memory().optimizerStateBytes();
      Long peak = row.memory().peakMemoryBytes();
      Double share = row.speed().optimizerShare();
      lines.add(
          line(
              row.optimizer(),
              quality(row),
              figure(3, row.quality().standardDeviation()),
              figure(2, row.quality().perplexity()),
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
        "Bits per byte of validation text, the mean over seeds; +- their standard deviation.");
    lines.add("Peak memory is that of a process, with the JVM, the text and the model.");
    return lines;
  }

  /** Returns bits per byte, or why there are none. */
  private static String quality(ComparisonRow row) {
    if (row.quality().validationBitsPerByte() != null || row.runs().isEmpty()) {
      return figure(3, row.quality().validationBitsPerByte());
    }
    return row.runs().stream().anyMatch(run -> run.end().failure() != null) ? "failed" : "stopped";
  }

  private static String line(Object... cells) {
    return "%-10s %10s %8s %10s %10s %9s %10s %9s %9s".formatted(cells).stripTrailing();
  }

  private static String figure(int decimals, @Nullable Double value) {
    return value == null ? NONE : Figures.decimals(decimals, value);
  }

  private static String number(String format, @Nullable Double value) {
    return value == null ? NONE : format.formatted(value);
  }
}
