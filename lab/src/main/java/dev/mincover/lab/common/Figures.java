package dev.mincover.lab.common;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them, the same in every locale. */
public final class Figures {

  /** More than is ever chosen, and fewer than show the noise of binary fractions. */
  private static final MathContext CHOSEN = new MathContext(4);

  private Figures() {}

  /** Up to four digits and no trailing zeros: {@code 0.08}, {@code 12.5}, {@code 1}. */
  public static String plain(double value) {
    return BigDecimal.valueOf(value).round(CHOSEN).stripTrailingZeros().toPlainString();
  }

  /** About two digits of a share: {@code 51 %}, {@code 1.4 %} or {@code 0.080 %}. */
  public static String percent(double share) {
    double percent = 100 * share;
    return String.format(
        Locale.ROOT,
        percent >= 9.95 ? "%.0f %%" : percent >= 0.95 ? "%.1f %%" : "%.2g %%",
        percent);
  }
}
