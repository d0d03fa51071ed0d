package dev.mincover.lab.common;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Counts of bytes as people read and write them. */
public final class ByteCount {
  private static final String[] UNITS = {"kB", "MB", "GB", "TB"};

  private static final Pattern WRITTEN =
      Pattern.compile("([0-9]{1,18}(?:\\.[0-9]{1,9})?) ?([a-z]*)");

  private static final Map<String, Long> FACTORS =
      Map.ofEntries(
          Map.entry("", 1L),
          Map.entry("b", 1L),
          Map.entry("kb", 1_000L),
          Map.entry("mb", 1_000_000L),
          Map.entry("gb", 1_000_000_000L),
          Map.entry("tb", 1_000_000_000_000L),
          Map.entry("kib", 1L << 10),
          Map.entry("mib", 1L << 20),
          Map.entry("gib", 1L << 30),
          Map.entry("tib", 1L << 40));

  private ByteCount() {}

  /**
   * Returns such as {@code 812 B}, {@code 3.4 kB} or {@code 24.9 MB}, in powers of 1000 and the
   * same in every locale.
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

  /**
   * The bytes of such as {@code 24GiB}, {@code 1.5 GB}, {@code 800mb} or {@code 4096}, rounded
   * down. kB, MB, GB and TB are powers of 1000; KiB, MiB, GiB and TiB of 1024.
   *
   * @throws UserError naming the option, if it is anything else, below 1 or above a {@code long}
   */
  public static long parse(String option, String text) {
    Matcher matcher = WRITTEN.matcher(text.strip().toLowerCase(Locale.ROOT));
    Long factor = matcher.matches() ? FACTORS.get(matcher.group(2)) : null;
    if (factor != null) {
      BigDecimal bytes =
          new BigDecimal(matcher.group(1))
              .multiply(BigDecimal.valueOf(factor))
              .setScale(0, RoundingMode.DOWN);
      if (bytes.signum() > 0 && bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0) {
        return bytes.longValueExact();
      }
    }
    throw new UserError(
        "%s is '%s'; it must be an amount of bytes such as 24GiB, 800MB or 4096"
            .formatted(option, text));
  }
}
