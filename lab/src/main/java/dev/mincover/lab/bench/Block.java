package dev.mincover.lab.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * The measurements of one workload with one number of threads, taken together.
 *
 * @param rounds number of samples of each optimizer
 * @param measurements in the order of the optimizers
 */
public record Block(Workload workload, int threads, int rounds, List<Measurement> measurements) {

  /** Returns a table with a heading and one line for each optimizer. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    int tensors = workload.tensors().size();
    lines.add(
        "%s: %,d weights%s, %d %s, medians of %,d rounds"
            .formatted(
                workload.name(),
                workload.weights(),
                tensors == 1 ? "" : " in %,d tensors".formatted(tensors),
                threads,
                threads == 1 ? "thread" : "threads",
                rounds));
    lines.add("");
    lines.add(
        "%-19s %10s %10s %7s %9s %14s"
            .formatted("optimizer", "ms", "ns/weight", "GB/s", "/ SGD", "state B/weight"));
    for (Measurement each : measurements) {
      lines.add(
          "%-19s %10s %10.3f %7.1f %9.2f %14.3f"
              .formatted(
                  each.optimizer(),
                  millis(each.medianMillis()),
                  each.medianMillis() * 1e6 / workload.weights(),
                  each.gigabytesPerSecond(),
                  each.ratioToSgdPass(),
                  each.stateBytesPerWeight()));
    }
    return lines;
  }

  /** Returns milliseconds, with four decimals if they are short. */
  private static String millis(double millis) {
    return (millis < 1 ? "%.4f" : "%.3f").formatted(millis);
  }
}
