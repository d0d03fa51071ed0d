package dev.mincover.lab.common;

import dev.mincover.checkpoint.DamagedFileException;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.SafetensorsHeader;
import dev.mincover.checkpoint.SafetensorsWriter;
import dev.mincover.checkpoint.StoredTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Safetensors files, with errors for people. */
public final class TensorFile {

  private TensorFile() {}

  /** What a file is read for. */
  @FunctionalInterface
  private interface Reading<T> {
    T of(Path file) throws IOException;
  }

  /**
   * Opens a file, and compares its contents with its checksum if it has one.
   *
   * @throws UserError if it cannot be read, is damaged, or is something else
   */
  @SuppressWarnings("MustBeClosedChecker") // The caller closes what is returned.
  public static SafetensorsFile open(Path file) {
    return read(
        file,
        path -> {
          SafetensorsFile opened = SafetensorsFile.open(path);
          try {
            opened.verify();
          } catch (DamagedFileException e) {
            opened.close();
            throw e;
          }
          return opened;
        });
  }

  /**
   * Reads the header of a file.
   *
   * @throws UserError if it cannot be read, is damaged, or is something else
   */
  public static SafetensorsHeader header(Path file) {
    return read(file, SafetensorsHeader::read);
  }

  private static <T> T read(Path file, Reading<T> reading) {
    try {
      return reading.of(file);
    } catch (DamagedFileException e) {
      throw new UserError(
          FileKind.of(file)
              .map(kind -> "%s %s".formatted(file, kind))
              .orElse(String.valueOf(e.getMessage())));
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    }
  }

  /**
   * Returns a tensor of a file.
   *
   * @throws UserError if there is none of that name
   */
  public static StoredTensor require(SafetensorsFile file, String name) {
    return file.find(name)
        .orElseThrow(() ->
            new UserError(
                "%s has no tensor %s among its %d"
                    .formatted(file.path(), name, file.tensors().size())));
  }

  /**
   * Writes a file, replacing an older one at once when it is complete.
   *
   * @throws UserError if it cannot be written; an older one is then as it was
   */
  public static void write(Path file, List<NamedTensor> tensors, Map<String, String> metadata) {
    try {
      SafetensorsWriter.write(file, tensors, metadata);
    } catch (IOException e) {
      throw new UserError("cannot write " + file, e);
    }
  }
}
