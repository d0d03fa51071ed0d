package dev.mincover.lab.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.mincover.lab.common.UserError;
import java.io.BufferedInputStream;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The table {@code metrics.csv} with the losses of a run by step. A row is passed to the operating
 * system as soon as it is added, so that others can follow the file and an interruption loses
 * nothing. Numbers have a decimal point in every locale. Equal losses are equal text.
 */
public final class Metrics implements AutoCloseable {
  /** The first line of the file. */
  public static final String HEADER =
      "step,tokens,seconds,train_loss,validation_loss,learning_rate";

  /**
   * A row of the table.
   *
   * @param step steps taken, from 1
   * @param tokens bytes trained on so far
   * @param seconds of training steps so far
   * @param trainLoss nats per byte
   * @param validationLoss nats per byte; null if not measured at this step
   * @param learningRate of this step
   */
  public record Row(
      long step,
      long tokens,
      double seconds,
      float trainLoss,
      @Nullable Float validationLoss,
      double learningRate) {}

  private final Path file;
  private final FileChannel channel;
  private final Writer out;

  /**
   * Creates the file and writes the first line.
   *
   * @param file must not exist
   * @throws UserError if it exists or cannot be written
   */
  public Metrics(Path file) {
    this(file, CREATE_NEW);
    line(HEADER);
  }

  private Metrics(Path file, OpenOption option) {
    this.file = file;
    try {
      channel = FileChannel.open(file, option, WRITE);
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
    out = new BufferedWriter(Channels.newWriter(channel, UTF_8));
  }

  /**
   * Opens the file of a run that goes on after a step. Rows of later steps, which will be taken
   * again, are cut off, and so is a row that was not written to its end.
   *
   * @param steps whose rows stay; without any, the file may be missing
   * @throws UserError if the file lacks one of these rows, or cannot be written
   */
  public static Metrics after(long steps, Path file) {
    if (steps == 0 && !Files.exists(file)) {
      return new Metrics(file);
    }
    long length = lengthOf(steps, file);
    if (length == 0) { // Killed before the first line was there.
      try {
        Files.delete(file);
      } catch (IOException e) {
        throw new UserError("cannot write " + file, e);
      }
      return new Metrics(file);
    }
    Metrics metrics = new Metrics(file, APPEND);
    try {
      metrics.channel.truncate(length);
    } catch (IOException e) {
      metrics.close();
      throw new UserError("cannot write " + file, e);
    }
    return metrics;
  }

  /** Bytes of the first line and the rows of so many steps; 0 if not even the line is whole. */
  private static long lengthOf(long steps, Path file) {
    long length = 0;
    long lines = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      long at = 0;
      for (int b = in.read(); b >= 0 && lines <= steps; b = in.read()) {
        at++;
        if (b == '\n') {
          lines++;
          length = at;
        }
      }
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    }
    if (lines <= steps && steps > 0) {
      throw new UserError(
          "%s has the rows of %d steps, and the run goes on after step %d; restore the file, or go on from an older checkpoint by removing the newer ones"
              .formatted(file, Math.max(0, lines - 1), steps));
    }
    return length;
  }

  /**
   * Forces all rows to the disk.
   *
   * @throws UserError if that fails
   */
  public void force() {
    try {
      channel.force(false);
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
  }

  /**
   * Adds a row.
   *
   * @param step steps taken, from 1
   * @param tokens bytes trained on so far
   * @param seconds of training steps so far
   * @param trainLoss nats per byte
   * @param validationLoss nats per byte; null, an empty cell, if not measured at this step
   * @param learningRate of this step
   * @throws UserError if it cannot be written
   */
  public void add(
      long step,
      long tokens,
      double seconds,
      float trainLoss,
      @Nullable Float validationLoss,
      double learningRate) {
    // Float.toString is the shortest text that reads back as the same float.
    line(
        String.join(
            ",",
            Long.toString(step),
            Long.toString(tokens),
            String.format(Locale.ROOT, "%.3f", seconds),
            Float.toString(trainLoss),
            validationLoss == null ? "" : validationLoss.toString(),
            Double.toString(learningRate)));
  }

  /**
   * Reads a file back.
   *
   * @throws UserError if the file cannot be read, or has another format
   */
  public static List<Row> read(Path file) {
    List<String> lines;
    try {
      lines = Files.readAllLines(file, UTF_8);
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    }
    if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
      throw new UserError(
          "%s is not the metrics of a run: it must start with %s".formatted(file, HEADER));
    }
    List<Row> rows = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      try {
        rows.add(row(line.split(",", -1)));
      } catch (IllegalArgumentException e) {
        throw new UserError(
            "%s: line %d is '%s', which is not a row of %s"
                .formatted(file, rows.size() + 2, line, HEADER));
      }
    }
    return rows;
  }

  private static Row row(String[] cells) {
    if (cells.length != HEADER.split(",").length) {
      throw new IllegalArgumentException();
    }
    return new Row(
        Long.parseLong(cells[0]),
        Long.parseLong(cells[1]),
        Double.parseDouble(cells[2]),
        Float.parseFloat(cells[3]),
        cells[4].isEmpty() ? null : Float.valueOf(cells[4]),
        Double.parseDouble(cells[5]));
  }

  private void line(String line) {
    try {
      out.write(line + "\n");
      out.flush();
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
  }
}
