package dev.mincover.checkpoint;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/**
 * A file that is not what it should be: cut short, changed, or not in the safetensors format. The
 * message names the file and what is wrong with it. Nothing has been taken from the file.
 */
public final class DamagedFileException extends IOException {

  @Serial private static final long serialVersionUID = 1;

  /**
   * A damaged file.
   *
   * @param what is wrong, in words that follow the file's name
   */
  public DamagedFileException(Path file, String what) {
    super("%s %s".formatted(file, what));
  }
}
