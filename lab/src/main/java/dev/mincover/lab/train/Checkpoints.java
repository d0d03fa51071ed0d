package dev.mincover.lab.train;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: a folder with a file for each, {@code step-000000200.safetensors}, of
 * which the newest few are kept.
 */
final class Checkpoints {

  private static final Pattern NAME = Pattern.compile("step-([0-9]{9,18})\\.safetensors");

  /** Writes a checkpoint to a file that appears at once, when it is on the disk. */
  @FunctionalInterface
  interface Content {
    void writeTo(Path file) throws IOException;
  }

  private final Path folder;
  private final CheckpointSchedule schedule;
  private long lastSaved = System.nanoTime();
  private long nanos;
  private long lastStep = -1;
  private int saved;

  /** Manages a folder. */
  Checkpoints(Path folder, CheckpointSchedule schedule) {
    this.folder = folder;
    this.schedule = schedule;
  }

  /** Makes a folder, and manages it. */
  static Checkpoints in(Path folder, CheckpointSchedule schedule) {
    try {
      Files.createDirectory(folder);
    } catch (IOException e) {
      throw new UserError("cannot make " + folder, e);
    }
    return new Checkpoints(folder, schedule);
  }

  /** Whether a checkpoint is due after a step. */
  boolean isDue(long step) {
    return schedule.isDue(step, (System.nanoTime() - lastSaved) * 1e-9);
  }

  /**
   * Saves the checkpoint of a step, and then removes those that are no longer kept. Does nothing if
   * the last one saved is of that step.
   *
   * @throws UserError if it cannot be written; the older ones are as they were
   */
  void save(long step, Content content) {
    if (step == lastStep) {
      return;
    }
    long start = System.nanoTime();
    Path file = folder.resolve(String.format(Locale.ROOT, "step-%09d.safetensors", step));
    try {
      content.writeTo(file);
      for (Path old : newestFirst().stream().skip(schedule.keep()).toList()) {
        Files.deleteIfExists(old);
      }
    } catch (IOException e) {
      throw new UserError("cannot save checkpoint " + file, e);
    }
    lastSaved = System.nanoTime();
    nanos += lastSaved - start;
    lastStep = step;
    saved++;
  }

  /** Restores a training from a checkpoint. */
  @FunctionalInterface
  interface Restoration {
    /**
     * Restores all of it or nothing.
     *
     * @throws DamagedFileException if the file is not whole
     */
    TrainingPosition from(Path file) throws IOException;
  }

  /**
   * Restores a training from the newest checkpoint that is whole. Newer ones, which are damaged,
   * get {@code .damaged} at the end of their names.
   *
   * @param warnings gets a line for each damaged one
   * @throws UserError if there is none that is whole, or one cannot be read
   */
  TrainingPosition restore(Restoration restoration, Consumer<String> warnings) {
    List<Path> damaged = new ArrayList<>();
    for (Path file : newestFirst()) {
      try {
        TrainingPosition position = restoration.from(file);
        for (Path newer : damaged) {
          Files.move(newer, newer.resolveSibling(newer.getFileName() + ".damaged"));
        }
        deleteUnfinished();
        lastStep = position.steps();
        return position;
      } catch (DamagedFileException e) {
        damaged.add(file);
        warnings.accept(e.getMessage() + "; it is left out");
      } catch (IOException e) {
        throw new UserError("cannot read checkpoint " + file, e);
      } catch (IllegalArgumentException e) {
        throw new UserError(String.valueOf(e.getMessage()));
      }
    }
    throw new UserError(
        damaged.isEmpty()
            ? "there is no checkpoint in %s; train again, with --checkpoint-every other than none"
                .formatted(folder)
            : "all checkpoints in %s are damaged; train again".formatted(folder));
  }

  /** Deletes what a process that was killed in a save has left. */
  private void deleteUnfinished() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(Checkpoints::isUnfinished).toList()) {
        Files.delete(file);
      }
    }
  }

  private static boolean isUnfinished(Path file) {
    return String.valueOf(file.getFileName()).matches("\\.step-[0-9]+\\.safetensors\\.partial");
  }

  /** Returns the checkpoints that are there, whole or not. */
  private List<Path> newestFirst() {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> step(file) >= 0)
          .sorted(Comparator.comparingLong(Checkpoints::step).reversed())
          .toList();
    } catch (NoSuchFileException | NotDirectoryException _) {
      return List.of();
    } catch (IOException e) {
      throw new UserError("cannot read " + folder, e);
    }
  }

  /** Returns the step of a checkpoint's name; -1 if it is the name of something else. */
  private static long step(Path file) {
    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
    return name.matches() ? Long.parseLong(name.group(1)) : -1;
  }

  /** Seconds spent in saving. */
  double seconds() {
    return nanos * 1e-9;
  }

  /** How many were saved. */
  int saved() {
    return saved;
  }
}
