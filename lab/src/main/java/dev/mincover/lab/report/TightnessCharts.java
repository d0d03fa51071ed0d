package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Table;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** Charts of tightness: how far SM3's statistics lie above AdaGrad's for the same gradients. */
final class TightnessCharts {
  private static final int LARGEST = 100;
  private static final int TABLE_ROWS = 10;
  private static final int HEIGHT = 320;
  private static final int ROW = 24;
  private static final int FRAME = 100;

  /** The styles of the three, in the order of the paper's inequality. */
  private enum Accumulator {
    ADAGRAD("AdaGrad", 2),
    SM3_II("SM3-II", 0),
    SM3_I("SM3-I", 1);

    private final String title;
    private final int style;

    Accumulator(String title, int style) {
      this.title = title;
      this.style = style;
    }
  }

  private TightnessCharts() {}

  /** Makes the chart of the largest statistics of a parameter, each sorted on its own. */
  static Chart largest(ParameterStatistics parameter) {
    ParameterStatistics.Largest largest = parameter.largest(LARGEST);
    Map<Accumulator, float[]> values =
        Map.of(
            Accumulator.ADAGRAD,
            largest.adagrad(),
            Accumulator.SM3_II,
            largest.sm3ii(),
            Accumulator.SM3_I,
            largest.sm3i());
    List<Object> series = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (Accumulator accumulator : Accumulator.values()) {
      series.add(line(accumulator, values.getOrDefault(accumulator, new float[0])));
    }
    int count = largest.adagrad().length;
    for (int i = 0; i < Math.min(TABLE_ROWS, count); i++) {
      int rank = i * (count - 1) / Math.max(1, Math.min(TABLE_ROWS, count) - 1);
      rows.add(
          List.of(
              Integer.toString(rank + 1),
              number(largest.adagrad()[rank]),
              number(largest.sm3ii()[rank]),
              number(largest.sm3i()[rank])));
    }
    return new Chart(
        "tightness-" + PatternCharts.id(parameter),
        new Chart.Words(
            parameter.name(),
            "The %d largest statistics of AdaGrad, SM3-II and SM3-I for %s, each sorted on its own: %s, %s and %s down to %s, %s and %s."
                .formatted(
                    count,
                    parameter.name(),
                    number(largest.adagrad()[0]),
                    number(largest.sm3ii()[0]),
                    number(largest.sm3i()[0]),
                    number(largest.adagrad()[count - 1]),
                    number(largest.sm3ii()[count - 1]),
                    number(largest.sm3i()[count - 1])),
            "Median \u03bd / \u03a3g\u00b2: SM3-II %s, SM3-I %s."
                .formatted(ratio(parameter.tightnessSm3II()), ratio(parameter.tightnessSm3I()))),
        new Chart.Size(HEIGHT, 0, false),
        new Chart.Drawing(
            Json.object(
                "animation",
                false,
                "legend",
                Json.object("left", 0, "top", 0, "itemWidth", 34),
                "grid",
                Json.object("left", 4, "right", 18, "top", 36, "bottom", 28, "containLabel", true),
                "tooltip",
                Json.object("trigger", "axis", "confine", true),
                "xAxis",
                Json.object(
                    "type",
                    "value",
                    "min",
                    1,
                    "max",
                    "dataMax",
                    "name",
                    "place in order of size",
                    "nameLocation",
                    "middle",
                    "nameGap",
                    26,
                    "splitLine",
                    Json.object("show", false)),
                "yAxis",
                logAxis(values.values().stream().flatMapToDouble(TightnessCharts::positive)),
                "series",
                series),
            Map.of()),
        List.of(),
        new Table(List.of("place", "AdaGrad", "SM3-II", "SM3-I"), rows));
  }

  private static DoubleStream positive(float[] values) {
    return IntStream.range(0, values.length)
        .mapToDouble(i -> values[i])
        .filter(value -> value > 0 && Double.isFinite(value));
  }

  /** Returns a logarithmic axis between round numbers close to the values. */
  private static Map<String, Object> logAxis(DoubleStream values) {
    DoubleSummaryStatistics range = values.summaryStatistics();
    return range.getCount() == 0
        ? Json.object("type", "log")
        : Json.object(
            "type", "log", "min", roundBelow(range.getMin()), "max", roundAbove(range.getMax()));
  }

  /** Returns the largest of 1, 2 and 5 times a power of ten that is not above the value. */
  static double roundBelow(double value) {
    int exponent = (int) Math.floor(Math.log10(value));
    for (int digit : new int[] {5, 2, 1}) {
      double round = Double.parseDouble(digit + "e" + exponent);
      if (round <= value) {
        return round;
      }
    }
    return Double.parseDouble("5e" + (exponent - 1));
  }

  /** Returns the smallest of 1, 2 and 5 times a power of ten that is not below the value. */
  static double roundAbove(double value) {
    int exponent = (int) Math.floor(Math.log10(value));
    for (int digit : new int[] {1, 2, 5}) {
      double round = Double.parseDouble(digit + "e" + exponent);
      if (round >= value) {
        return round;
      }
    }
    return Double.parseDouble("1e" + (exponent + 1));
  }

  private static Object line(Accumulator accumulator, float[] values) {
    List<Object> points = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      if (values[i] > 0 && Float.isFinite(values[i])) {
        points.add(List.of(i + 1, Json.rounded(values[i])));
      }
    }
    String colour = Style.colour(accumulator.style);
    return Json.object(
        "name",
        accumulator.title,
        "type",
        "line",
        "symbol",
        Style.symbol(accumulator.style),
        "showSymbol",
        false,
        "lineStyle",
        Json.object("color", colour, "type", Style.dash(accumulator.style), "width", 2.2),
        "itemStyle",
        Json.object("color", colour),
        "data",
        points);
  }

  /**
   * Makes the chart of the median ratio of each parameter.
   *
   * @param parameters with at least one gradient other than 0
   */
  static Chart ratios(List<ParameterStatistics> parameters) {
    List<Object> second = new ArrayList<>();
    List<Object> first = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    double most = 1;
    for (ParameterStatistics parameter : parameters) {
      double ii = parameter.tightnessSm3II();
      double i = parameter.tightnessSm3I();
      if (Double.isFinite(ii) && Double.isFinite(i)) {
        second.add(List.of(Json.rounded(ii), parameter.name()));
        first.add(List.of(Json.rounded(i), parameter.name()));
        most = Math.max(most, i);
      }
      rows.add(List.of(parameter.name(), PatternCharts.shape(parameter), ratio(ii), ratio(i)));
    }
    Map<String, Object> axis = logAxis(DoubleStream.of(1, 1.01 * most));
    axis.put("name", "\u03bd / \u03a3g\u00b2");
    axis.put("nameLocation", "middle");
    axis.put("nameGap", 26);
    return new Chart(
        "tightness-ratios",
        new Chart.Words(
            "Median of \u03bd / \u03a3g\u00b2 by parameter",
            "The median ratio of each parameter with SM3-II and SM3-I, as points on a logarithmic scale.",
            "1 is AdaGrad; a ratio r means learning rates smaller than AdaGrad\u2019s by the root of r for the median weight. Farther left is tighter."),
        new Chart.Size(FRAME + ROW * parameters.size(), 0, false),
        new Chart.Drawing(
            Json.object(
                "animation",
                false,
                "legend",
                Json.object("left", 0, "top", 0, "itemWidth", 12),
                "grid",
                Json.object("left", 4, "right", 18, "top", 34, "bottom", 28, "containLabel", true),
                "tooltip",
                Json.object("trigger", "item", "confine", true),
                "xAxis",
                axis,
                "yAxis",
                Json.object(
                    "type",
                    "category",
                    "inverse",
                    true,
                    "data",
                    parameters.stream().map(ParameterStatistics::name).toList(),
                    "axisTick",
                    Json.object("show", false),
                    "splitLine",
                    Json.object("show", true)),
                "series",
                List.of(points(Accumulator.SM3_II, second), points(Accumulator.SM3_I, first))),
            Map.of()),
        List.of(),
        new Table(List.of("parameter", "shape", "SM3-II", "SM3-I"), rows));
  }

  private static Object points(Accumulator accumulator, List<Object> data) {
    return Json.object(
        "name",
        accumulator.title,
        "type",
        "scatter",
        "symbol",
        Style.symbol(accumulator.style),
        "symbolSize",
        10,
        "itemStyle",
        Json.object("color", Style.colour(accumulator.style)),
        "data",
        data);
  }

  private static String ratio(double ratio) {
    return Double.isNaN(ratio) ? "no" : String.format(Locale.ROOT, "%.3g", ratio);
  }

  private static String number(float value) {
    return String.format(Locale.ROOT, "%.4g", value);
  }
}
