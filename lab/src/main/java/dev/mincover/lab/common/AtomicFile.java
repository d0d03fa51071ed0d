package dev.mincover.lab.common;

import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes files that are either complete or missing, whenever the process ends. */
public final class AtomicFile {
  /** Writes the content into the open file. */
  @FunctionalInterface
  public interface Content {
    /** Writes all of it. */
    void writeTo(FileChannel channel) throws IOException;
  }

  private AtomicFile() {}

  /**
   * Writes {@code file.tmp} next to the file, and renames it once it is on the disk. An older file
   * is replaced.
   *
   * @throws UserError if that fails; an older file then stays as it was
   */
  public static void write(Path file, Content content) {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try {
        try (var channel = FileChannel.open(temporary, CREATE, TRUNCATE_EXISTING, WRITE)) {
          content.writeTo(channel);
          // Otherwise a crash of the machine could keep the new name and lose the content.
          channel.force(true);
        }
        Files.move(temporary, file, ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
  }
}
