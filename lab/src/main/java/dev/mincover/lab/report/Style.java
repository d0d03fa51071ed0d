package dev.mincover.lab.report;

import java.util.List;
import java.util.Map;

/**
 * The styles of series, which readers tell apart by colour and, if colours fail, by dash, symbol
 * and pattern. The colours are those of Okabe and Ito [1], which suit any colour vision, without
 * yellow, which is hard to see on white. Those with the most contrast to white and black come
 * first.
 *
 * <p>[1] M. Okabe, K. Ito, Color Universal Design, 2008
 */
final class Style {
  /** The colour of things that belong to no series. */
  static final String GREY = "#808080";

  private static final List<String> COLOURS =
      List.of("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9");
  private static final List<Object> DASHES =
      List.of(
          "solid",
          List.of(7, 4),
          List.of(2, 3),
          List.of(10, 3, 2, 3),
          List.of(14, 4),
          List.of(5, 2, 2, 2, 2, 2));
  private static final List<String> SYMBOLS =
      List.of("circle", "rect", "triangle", "diamond", "roundRect", "arrow");
  private static final List<Map<String, Object>> PATTERNS =
      List.of(
          Json.object("symbol", "none"),
          lines(Math.PI / 4),
          Json.object(
              "symbol",
              "circle",
              "symbolSize",
              0.6,
              "dashArrayX",
              List.of(List.of(6, 6), List.of(0, 6, 6, 0)),
              "dashArrayY",
              List.of(5, 0),
              "color",
              "rgba(255,255,255,0.55)"),
          lines(-Math.PI / 4),
          lines(0),
          lines(Math.PI / 2));

  private Style() {}

  private static Map<String, Object> lines(double rotation) {
    return Json.object(
        "symbol",
        "rect",
        "dashArrayX",
        List.of(1, 0),
        "dashArrayY",
        List.of(2, 5),
        "rotation",
        Json.rounded(rotation),
        "color",
        "rgba(255,255,255,0.55)");
  }

  /** Returns the colour of a series. */
  static String colour(int index) {
    return cyclic(COLOURS, index);
  }

  /** Returns the dash of its lines. Series that share a colour have different dashes. */
  static Object dash(int index) {
    return cyclic(DASHES, index + index / COLOURS.size());
  }

  /** Returns the symbol of its points. */
  static String symbol(int index) {
    return cyclic(SYMBOLS, index);
  }

  /** Returns the pattern on its bars. */
  static Map<String, Object> pattern(int index) {
    return cyclic(PATTERNS, index);
  }

  private static <T> T cyclic(List<T> list, int index) {
    return list.get(index % list.size());
  }
}
