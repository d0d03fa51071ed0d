package dev.mincover.lab.run;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.mincover.lab.UserError;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The course of a run as a table, {@code metrics.csv}. Each row is on its way to the disk when it
 * has been added, so that the file can be watched and survives an interruption. Numbers have a
 * decimal point in every locale, and equal losses are equal text.
 */
public final class Metrics implements AutoCloseable {
  /** The first line. */
  public static final String HEADER =
      "step,tokens,seconds,train_loss,validation_loss,learning_rate";

  private final Path file;
  private final Writer out;

  /**
   * Starts the table.
   *
   * @param file must not exist
   * @throws UserError if it exists or cannot be written
   */
  public Metrics(Path file) {
    this.file = file;
    try {
      this.out = Files.newBufferedWriter(file, UTF_8, CREATE_NEW, WRITE);
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
    line(HEADER);
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
