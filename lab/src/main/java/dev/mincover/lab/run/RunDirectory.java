package dev.mincover.lab.run;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.safetensors.Safetensors;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The directory with the files of one training run. Making this object touches nothing on disk;
 * {@link #create} makes the directory once everything else about the run is known to be right.
 *
 * @param path the directory
 */
public record RunDirectory(Path path) {
  // Some systems do not allow colons in file names.
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH-mm-ss", Locale.ROOT);

  /**
   * Returns the default directory of a run: {@code runs/<time>-<optimizer>}.
   *
   * @param optimizer a short lower-case name such as {@code sm3}
   * @param start when the run starts, in local time
   */
  public static RunDirectory byDefault(String optimizer, LocalDateTime start) {
    return new RunDirectory(Path.of("runs", TIME.format(start) + "-" + optimizer));
  }

  /**
   * Returns the directory of an earlier run that has saved its weights.
   *
   * @throws UserError if there is no such directory or no {@link #model} in it
   */
  public static RunDirectory open(Path path) {
    var run = new RunDirectory(path);
    if (!Files.isDirectory(path)) {
      throw new UserError("no run directory %s; name one that a training run made".formatted(path));
    }
    if (!Files.isRegularFile(run.model())) {
      throw new UserError(
          "no %s in %s; name a run that saved its weights"
              .formatted(run.model().getFileName(), path));
    }
    return run;
  }

  /** The losses by step; see {@link Metrics}. */
  public Path metrics() {
    return path.resolve("metrics.csv");
  }

  /** The run in numbers; see {@link Summary}. */
  public Path summary() {
    return path.resolve("summary.json");
  }

  /** The trained weights; see {@link Safetensors}. */
  public Path model() {
    return path.resolve("model.safetensors");
  }

  /** The gradient statistics, if the run recorded them; see {@link Safetensors}. */
  public Path statistics() {
    return path.resolve("statistics.safetensors");
  }

  /**
   * Checks that {@link #create} would succeed. Touches nothing.
   *
   * @throws UserError if the path exists, or its parent is not a writable directory
   */
  public void check() {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      throw exists();
    }
    Path parent = path.toAbsolutePath().normalize().getParent();
    while (parent != null && !Files.exists(parent)) {
      parent = parent.getParent();
    }
    if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
      throw new UserError(
          "cannot make run directory %s: %s is not a writable directory; choose another with --out"
              .formatted(path, parent));
    }
  }

  /**
   * Makes the directory, and those above it.
   *
   * @throws UserError if it exists, even empty, or cannot be made
   */
  public void create() {
    check();
    try {
      Path parent = path.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      // Unlike createDirectories, this fails if another run has just made it.
      Files.createDirectory(path);
    } catch (FileAlreadyExistsException e) {
      throw exists();
    } catch (IOException e) {
      throw new UserError("cannot make run directory " + path, e);
    }
  }

  private UserError exists() {
    return new UserError(
        "run directory %s exists; choose another with --out, or remove it".formatted(path));
  }
}
