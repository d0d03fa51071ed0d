package dev.mincover.lab.common;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Turns what the parts of a run refuse into errors that the person at the keyboard can mend. */
public final class OptionChecks {

  private OptionChecks() {}

  /**
   * What {@code part} gives.
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
   * What {@code part} gives.
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
   * What {@code change} makes of {@code part}.
   *
   * @throws UserError with the option and the message of its IllegalArgumentException
   */
  public static <T> T changed(String option, T part, UnaryOperator<T> change) {
    return valid(option, () -> change.apply(part));
  }

  /**
   * Refuses a file that cannot be written; writes nothing.
   *
   * @throws UserError if it is a directory, or not in one that can be written
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
   * Refuses counts out of range.
   *
   * @throws UserError if the value is not in 1 to {@code most}
   */
  public static void requireCount(String option, long value, long most) {
    if (value < 1 || value > most) {
      throw new UserError(
          "%s is %d; it must be at least 1 and at most %d".formatted(option, value, most));
    }
  }

  /**
   * Refuses what is negative or not finite.
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
   * Refuses shares out of range.
   *
   * @throws UserError if the value is not in 0 to 1
   */
  public static void requireShare(String option, double value, String example) {
    if (!(value >= 0 && value <= 1)) {
      throw new UserError(
          "%s is %s; it must be at least 0 and at most 1, for example %s"
              .formatted(option, value, example));
    }
  }
}
