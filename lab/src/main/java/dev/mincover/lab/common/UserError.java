package dev.mincover.lab.common;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/**
 * An error that the user can correct, such as a missing file or an impossible option. The message
 * is one line that names the problem, the value and the remedy. The command line prints only that
 * line, and exits with {@link #EXIT_CODE}.
 */
public final class UserError extends RuntimeException {
  /** The exit code after such an error. */
  public static final int EXIT_CODE = 2;

  @Serial private static final long serialVersionUID = 1;

  /**
   * @param message one line: what is wrong, the value, the remedy
   */
  public UserError(String message) {
    super(message);
  }

  /**
   * Makes an error from a failed input or output.
   *
   * @param what what failed and for which file, such as {@code "cannot read a.txt"}
   * @param cause the failure; its reason ends the line
   */
  public UserError(String what, IOException cause) {
    super(what + ": " + reason(cause), cause);
  }

  /**
   * Returns the reason. The messages of file system exceptions are only paths, which {@code what}
   * names already.
   */
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
