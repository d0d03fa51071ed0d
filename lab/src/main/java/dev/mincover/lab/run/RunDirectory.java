package dev.mincover.lab.run;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;
import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;

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
      if (Files.isRegularFile(run.request())) {
        throw new UserError(
            "no %s in %s, a run that is not finished; go on with 'mincover train --resume %s'"
                .formatted(run.model().getFileName(), path, path));
      }
      throw new UserError(
          "no %s in %s; name a run that saved its weights"
              .formatted(run.model().getFileName(), path));
    }
    return run;
  }

  /** Everything that the run was asked for, by which it can be resumed. */
  public Path request() {
    return path.resolve("training.json");
  }

  /** The folder of checkpoints. */
  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** The losses by step; see {@link Metrics}. */
  public Path metrics() {
    return path.resolve("metrics.csv");
  }

  /** The run in numbers; see {@link Summary}. */
  public Path summary() {
    return path.resolve("summary.json");
  }

  /** The trained weights, in the safetensors format. */
  public Path model() {
    return path.resolve("model.safetensors");
  }

  /** What the trained model does; see {@link Examples}. */
  public Path examples() {
    return path.resolve("examples.json");
  }

  /** The gradient statistics, if the run recorded them, in the safetensors format. */
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
   * Makes the directory, and those above it. It appears under its name at once with its first
   * files, so that a directory of this name is always one that can be used.
   *
   * @param files writes the first files, into the directory that it is given
   * @throws UserError if the directory exists, even empty, or cannot be made
   */
  public void create(Consumer<RunDirectory> files) {
    check();
    try {
      Path absolute = path.toAbsolutePath().normalize();
      Path parent = requireNonNull(absolute.getParent());
      Files.createDirectories(parent);
      long process = ProcessHandle.current().pid();
      Path staged = parent.resolve(".%s-%d".formatted(absolute.getFileName(), process));
      deleteAll(staged);
      Files.createDirectory(staged);
      try {
        files.accept(new RunDirectory(staged));
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
          throw exists(); // Another run has just made it.
        }
        Files.move(staged, absolute, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException | RuntimeException | Error failure) {
        deleteAll(staged);
        throw failure;
      }
    } catch (IOException e) {
      throw new UserError("cannot make run directory " + path, e);
    }
  }

  private static void deleteAll(Path folder) throws IOException {
    if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      try (Stream<Path> content = Files.walk(folder)) {
        for (Path path : content.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /**
   * Keeps other processes from writing into the directory, until the result is closed or this
   * process ends, however it ends.
   *
   * @throws UserError if another process has it, or the directory cannot be written
   */
  public Lock lock() {
    try {
      FileChannel channel = FileChannel.open(path.resolve(".lock"), CREATE, WRITE);
      if (isLocked(channel)) {
        return new Lock(channel);
      }
      channel.close();
    } catch (IOException e) {
      throw new UserError("cannot write into run directory " + path, e);
    }
    throw new UserError(
        "another process trains in %s; wait for it, or end it first".formatted(path));
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException _) {
      return false; // Somebody else in this process has it.
    }
  }

  /** A hold on a run directory. */
  public static final class Lock implements AutoCloseable {
    private final FileChannel channel;

    private Lock(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new UserError("cannot let go of a run directory", e);
      }
    }
  }

  private UserError exists() {
    return new UserError(
        "run directory %s exists; choose another with --out, or remove it".formatted(path));
  }
}
