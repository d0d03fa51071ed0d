package dev.mincover.lab.report;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import java.nio.file.Files;
import java.util.List;

/**
 * A run as a report reads it.
 *
 * @param directory of the run
 * @param metrics in the order of the steps
 */
record ReportedRun(RunDirectory directory, Summary summary, List<Metrics.Row> metrics) {

  /** Copies the list. */
  ReportedRun {
    metrics = List.copyOf(metrics);
  }

  /**
   * Reads a run.
   *
   * @throws UserError if it has no summary, or a file of it cannot be read
   */
  static ReportedRun read(RunDirectory directory) {
    if (!Files.isRegularFile(directory.summary())) {
      throw new UserError(
          "no %s in %s; name a run that 'mincover train' has made"
              .formatted(directory.summary().getFileName(), directory.path()));
    }
    return new ReportedRun(
        directory, Summary.read(directory.summary()), Metrics.read(directory.metrics()));
  }

  /**
   * Returns the number of steps taken. A run that is in progress or was killed has taken more than
   * its last summary says.
   */
  long steps() {
    return metrics.isEmpty() ? summary.course().steps() : metrics.getLast().step();
  }

  /** Returns the last name of its directory. */
  String name() {
    return String.valueOf(directory.path().toAbsolutePath().normalize().getFileName());
  }
}
