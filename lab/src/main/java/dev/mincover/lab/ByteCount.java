package dev.mincover.lab;

import java.util.Locale;

/** Counts of bytes as people read them, in powers of 1000. */
public final class ByteCount {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB"};

  private ByteCount() {}

  /**
   * Returns such as {@code 812 B}, {@code 3.4 kB} or {@code 24.9 MB}, the same in every locale.
   *
   * @param bytes at least 0
   */
  public static String format(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    double value = bytes / 1000.0;
    int unit = 0;
    // 999.95 would be printed as 1000.0.
    while (value >= 999.95 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, UNITS[unit]);
  }
}
