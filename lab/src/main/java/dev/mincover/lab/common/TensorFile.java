package dev.mincover.lab.common;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.SafetensorsHeader;
import dev.mincover.checkpoint.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Safetensors files that a user has named: whatever is wrong with one is said in a line. */
public final class TensorFile {

  private TensorFile() {}

  /**
   * Opens a file. Its elements are compared with its checksum, if it has one.
   *
   * @return to be closed by the caller
   * @throws UserError if it is missing, unreadable or damaged
   */
  public static SafetensorsFile open(Path path) {
    return read(
        path,
        () -> {
          SafetensorsFile file = SafetensorsFile.open(path);
          try {
            file.verify();
            return file;
          } catch (IOException | RuntimeException | Error failure) {
            file.close();
            throw failure;
          }
        });
  }

  /**
   * Reads what a file holds, and none of its elements.
   *
   * @throws UserError if it is missing, unreadable or damaged
   */
  public static SafetensorsHeader header(Path path) {
    return read(path, () -> SafetensorsHeader.read(path));
  }

  /**
   * Writes a file, replacing an older one at once when it is complete.
   *
   * @throws IllegalArgumentException if two tensors have the same name
   * @throws UserError if it cannot be written; an older one is then as it was
   */
  public static void write(Path path, List<NamedTensor> tensors, Map<String, String> metadata) {
    try {
      SafetensorsWriter.write(path, tensors, metadata);
    } catch (IOException e) {
      throw new UserError("cannot write " + path, e);
    }
  }

  @FunctionalInterface
  private interface Reading<T> {
    T read() throws IOException;
  }

  private static <T> T read(Path path, Reading<T> reading) {
    try {
      return reading.read();
    } catch (DamagedFileException e) {
      throw new UserError(
          FileKind.of(path)
              .map(kind -> "%s %s".formatted(path, kind))
              .orElseGet(() -> e.getMessage() + "; fetch or write it again, or name another"));
    } catch (IOException e) {
      throw new UserError("cannot read " + path, e);
    }
  }
}
