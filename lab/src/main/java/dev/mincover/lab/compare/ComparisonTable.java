package dev.mincover.lab.compare;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Figures;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A comparison as people read it. */
public final class ComparisonTable {

  private static final String NONE = "-";

  private ComparisonTable() {}

  /** A line for each optimizer, under a head, and what the columns mean. */
  public static List<String> of(Comparison comparison) {
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
    for (Comparison.Row row : comparison.optimizers()) {
      Long state = row.optimizerStateBytes();
      Long peak = row.peakMemoryBytes();
      Double share = row.optimizerShare();
      lines.add(
          line(
              row.optimizer(),
              quality(row),
              figure(3, row.standardDeviation()),
              figure(2, row.perplexity()),
              state == null ? NONE : "%,d".formatted(state),
              number("%.2f", row.optimizerStateBytesPerWeight()),
              peak == null ? NONE : ByteCount.format(peak),
              number("%,.0f", row.tokensPerSecond()),
              share == null ? NONE : "%.1f %%".formatted(100 * share)));
    }
    for (Comparison.Row row : comparison.optimizers()) {
      long finished = row.runs().stream().filter(Comparison.Run::finished).count();
      int seeds = comparison.seeds().size();
      if (finished < seeds && finished > 0) {
        lines.add("%s: of %d of %d seeds".formatted(row.optimizer(), finished, seeds));
      }
      for (Comparison.Run run : row.runs()) {
        if (run.failure() != null) {
          lines.add("%s, seed %d: %s".formatted(row.optimizer(), run.seed(), run.failure()));
        }
      }
    }
    lines.add("");
    lines.add(
        "Bits per byte of validation text, the mean over seeds; +- their standard deviation.");
    lines.add("Peak memory is that of a process, with the JVM, the text and the model.");
    return lines;
  }

  /** Bits per byte, or why there are none. */
  private static String quality(Comparison.Row row) {
    if (row.validationBitsPerByte() != null || row.runs().isEmpty()) {
      return figure(3, row.validationBitsPerByte());
    }
    return row.runs().stream().anyMatch(run -> run.failure() != null) ? "failed" : "stopped";
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
