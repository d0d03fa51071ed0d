package dev.mincover.lab.common;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * A mistake that the person at the keyboard can mend: a missing file, an impossible option. Its
 * message is one line that says what is wrong, the value at fault and the remedy; the command line
 * prints that line alone and exits with {@link #EXIT_CODE}.
 */
public final class UserError extends RuntimeException {
  /** What the process exits with after such an error. */
  public static final int EXIT_CODE = 2;

  @Serial private static final long serialVersionUID = 1;

  /**
   * @param message one line: what is wrong, the value, the remedy
   */
  public UserError(String message) {
    super(message);
  }

  /**
   * An input or output failure in words.
   *
   * @param what what could not be done and to which file, such as {@code "cannot read a.txt"}
   * @param cause why; its reason becomes the end of the line
   */
  public UserError(String what, IOException cause) {
    super(what + ": " + reason(cause), cause);
  }

  /** The messages of file system exceptions are bare paths, and {@code what} names the path. */
  private static String reason(IOException cause) {
    return switch (cause) {
      case NoSuchFileException _ -> "no such file or directory";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> {
        String message = cause.getMessage();
        yield message == null ? cause.getClass().getSimpleName() : message;
      }
    };
  }
}
