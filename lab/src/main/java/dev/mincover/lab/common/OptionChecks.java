package dev.mincover.lab.common;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Checks of option values. A failed check is a {@link UserError} that the user can act on. */
public final class OptionChecks {

  private OptionChecks() {}

  /**
   * Returns what {@code part} returns.
   *
   * @throws UserError with the message of its IllegalArgumentException
   */
  public static <T> T valid(Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException e) {
      throw new UserError(String.valueOf(e.getMessage()));
    }
  }

  /**
   * Returns what {@code part} returns.
   *
   * @throws UserError with the option and the message of its IllegalArgumentException
   */
  public static <T> T valid(String option, Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException e) {
      throw new UserError(option + ": " + e.getMessage());
    }
  }

  /**
   * Returns what {@code change} makes of {@code part}.
   *
   * @throws UserError with the option and the message of its IllegalArgumentException
   */
  public static <T> T changed(String option, T part, UnaryOperator<T> change) {
    return valid(option, () -> change.apply(part));
  }

  /**
   * Refuses a file that cannot be written. Writes nothing.
   *
   * @throws UserError if it is a directory, or its directory is not writable
   */
  public static void requireWritable(String option, Path file) {
    if (Files.isDirectory(file)) {
      throw new UserError("%s: %s is a directory; name a file in it".formatted(option, file));
    }
    Path parent = file.toAbsolutePath().normalize().getParent();
    if (parent == null || !Files.isDirectory(parent) || !Files.isWritable(parent)) {
      throw new UserError(
          "%s: cannot write %s: %s is not a writable directory; choose another"
              .formatted(option, file, parent));
    }
  }

  /**
   * Refuses a count that is out of range.
   *
   * @throws UserError if the value is not between 1 and {@code most}
   */
  public static void requireCount(String option, long value, long most) {
    if (value < 1 || value > most) {
      throw new UserError(
          "%s is %d; it must be at least 1 and at most %d".formatted(option, value, most));
    }
  }

  /**
   * Refuses a number that is negative or not finite.
   *
   * @throws UserError if the value is not a finite number of at least 0
   */
  public static void requireNotNegative(String option, double value, String example) {
    if (!(value >= 0) || Double.isInfinite(value)) {
      throw new UserError(
          "%s is %s; it must be at least 0, for example %s".formatted(option, value, example));
    }
  }

  /**
   * Refuses a share that is out of range.
   *
   * @throws UserError if the value is not between 0 and 1
   */
  public static void requireShare(String option, double value, String example) {
    if (!(value >= 0 && value <= 1)) {
      throw new UserError(
          "%s is %s; it must be at least 0 and at most 1, for example %s"
              .formatted(option, value, example));
    }
  }
}
