package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;

/** Assertions on arrays of doubles that name the first value that is off. */
final class Close {

  private Close() {}

  /** Every value lies within {@code tolerance} of the expected one. */
  static void absolutely(double[] actual, double[] expected, double tolerance, String what) {
    compare(actual, expected, tolerance, 0, what);
  }

  /** Every value lies within {@code tolerance} times the expected one; 0 must be 0. */
  static void relatively(double[] actual, double[] expected, double tolerance, String what) {
    compare(actual, expected, 0, tolerance, what);
  }

  private static void compare(
      double[] actual, double[] expected, double absolute, double relative, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i])
          .as("%s, value %d", what, i)
          .isCloseTo(expected[i], Offset.offset(absolute + relative * Math.abs(expected[i])));
    }
  }
}
