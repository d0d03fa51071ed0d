package dev.mincover.lab.common;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Numbers as people read them, the same in every locale. */
public final class Figures {

  /** More than is ever chosen, and fewer than show the noise of binary fractions. */
  private static final MathContext CHOSEN = new MathContext(4);

  private static final double SCIENTIFIC_BELOW = 1e-4;
  private static final double SCIENTIFIC_FROM = 1e6;

  private Figures() {}

  /** Up to four digits and no trailing zeros: {@code 0.08}, {@code 12.5}, {@code 1}. */
  public static String plain(double value) {
    return BigDecimal.valueOf(value).round(CHOSEN).stripTrailingZeros().toPlainString();
  }

  /**
   * A learning rate, a loss or what is computed of losses, as tables and progress have it: with a
   * number of decimals, {@code 0.0274}, and in case of small ones as many more as two digits need,
   * {@code 0.00031}. Below 0.0001 and from a million on it has a power of ten, {@code 3.0e-5}. What
   * is not finite is {@code NaN} or {@code Infinity}.
   *
   * @param decimals 1 to 4
   */
  public static String decimals(int decimals, double value) {
    double size = Math.abs(value);
    if (size == 0 || !Double.isFinite(value)) {
      return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }
    if (size < SCIENTIFIC_BELOW || size >= SCIENTIFIC_FROM) {
      int digits = size < 1 ? 1 : decimals;
      // Java would write e-05, which is not what is typed.
      return String.format(Locale.ROOT, "%." + digits + "e", value)
          .replaceFirst("e([+-])0?", "e$1")
          .replace("e+", "e");
    }
    int forTwoDigits = 1 - (int) Math.floor(Math.log10(size));
    return String.format(Locale.ROOT, "%." + Math.max(decimals, forTwoDigits) + "f", value);
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
