package dev.mincover.lab.common;

import java.util.OptionalDouble;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lengths of time as options have them, such as {@code 90s}, {@code 5m} or {@code 1.5h}. */
public final class TimeText {

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)([smh])");

  private TimeText() {}

  /** Returns the time in seconds; empty if the text has another form. */
  public static OptionalDouble seconds(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return OptionalDouble.empty();
    }
    double number = Double.parseDouble(matcher.group(1));
    return OptionalDouble.of(
        switch (matcher.group(2)) {
          case "h" -> 3600 * number;
          case "m" -> 60 * number;
          default -> number;
        });
  }
}
