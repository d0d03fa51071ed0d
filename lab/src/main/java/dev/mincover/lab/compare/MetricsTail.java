package dev.mincover.lab.compare;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.train.StepReport;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Reads the last row of {@code metrics.csv} while another process writes the file. */
final class MetricsTail {

  private static final int LONGEST_ROW = 512;

  private final Path file;
  private final long steps;
  private long seen;

  /**
   * Prepares to read.
   *
   * @param file the file, which may not exist yet
   * @param steps of the run
   */
  MetricsTail(Path file, long steps) {
    this.file = file;
    this.steps = steps;
  }

  /** Returns the last complete row; empty if there is none that has not been returned before. */
  Optional<StepReport> last() {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try (RandomAccessFile metrics = new RandomAccessFile(file.toFile(), "r")) {
      long length = metrics.length();
      if (length == seen) {
        return Optional.empty();
      }
      seen = length;
      byte[] end = new byte[(int) Math.min(length, 2 * LONGEST_ROW)];
      metrics.seek(length - end.length);
      metrics.readFully(end);
      return row(new String(end, UTF_8));
    } catch (IOException _) {
      return Optional.empty(); // A later call may succeed, and progress may miss a row.
    }
  }

  /** Returns the last line of a text as a row, if it is complete and not the header. */
  private Optional<StepReport> row(String text) {
    int end = text.lastIndexOf('\n');
    int start = text.lastIndexOf('\n', end - 1);
    if (start < 0) {
      return Optional.empty();
    }
    String[] cells = text.substring(start + 1, end).split(",", -1);
    long step = Long.parseLong(cells[0]);
    double seconds = Double.parseDouble(cells[2]);
    return Optional.of(
        new StepReport(
            step,
            Long.parseLong(cells[1]),
            seconds,
            Float.parseFloat(cells[3]),
            cells[4].isEmpty() ? null : Float.valueOf(cells[4]),
            Double.parseDouble(cells[5]),
            seconds / step * (steps - step)));
  }
}
