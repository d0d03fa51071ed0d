package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Table;
import dev.mincover.lab.statistics.HeatMap;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Charts of activation patterns: AdaGrad's sums as heat maps, in which rows and columns become
 * visible.
 */
final class PatternCharts {
  private static final int MOST_CELLS = 64;
  private static final int HEIGHT = 384;
  private static final int TABLE_ROWS = 5;

  /**
   * The Cividis colours: dark blue to yellow, with even lightness for people with any colour
   * vision.
   */
  private static final List<String> COLOURS =
      List.of("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838");

  private PatternCharts() {}

  /** Makes the heat map of a parameter. */
  static Chart of(ParameterStatistics parameter) {
    HeatMap map = parameter.heatMap(MOST_CELLS, MOST_CELLS);
    List<Object> data = new ArrayList<>();
    for (int row = 0; row < map.rows(); row++) {
      for (int column = 0; column < map.columns(); column++) {
        double value = map.cell(row, column);
        if (!Double.isNaN(value)) {
          data.add(List.of(column, row, hundredths(value)));
        }
      }
    }
    double least = Arrays.stream(map.cells()).filter(Double::isFinite).min().orElse(0);
    double most = Arrays.stream(map.cells()).filter(Double::isFinite).max().orElse(0);
    return new Chart(
        "pattern-" + id(parameter),
        new Chart.Words(
            parameter.name(),
            "Heat map of the sums of squared gradients of %s, from 10^%s to 10^%s."
                .formatted(parameter.name(), hundredths(least), hundredths(most)),
            "%s; each cell is %d x %d weights."
                .formatted(
                    shape(parameter),
                    Math.ceilDiv(map.tensorRows(), Math.max(1, map.rows())),
                    Math.ceilDiv(map.tensorColumns(), Math.max(1, map.columns())))),
        new Chart.Size(HEIGHT, 0, true),
        new Chart.Drawing(
            Json.object(
                "animation",
                false,
                "grid",
                Json.object("left", 28, "right", 8, "top", 8, "bottom", 76),
                "tooltip",
                Json.object("trigger", "item", "confine", true),
                "xAxis",
                axis(
                    "%,d columns".formatted(map.tensorColumns()),
                    map.columns(),
                    map.tensorColumns()),
                "yAxis",
                axis("%,d rows".formatted(map.tensorRows()), map.rows(), map.tensorRows(), true),
                "visualMap",
                Json.object(
                    "type",
                    "continuous",
                    "min",
                    hundredths(least),
                    "max",
                    hundredths(most),
                    "calculable",
                    true,
                    "precision",
                    1,
                    "formatter",
                    "10^{value}",
                    "orient",
                    "horizontal",
                    "left",
                    "center",
                    "bottom",
                    8,
                    "itemWidth",
                    12,
                    "itemHeight",
                    150,
                    "inRange",
                    Json.object("color", COLOURS)),
                "series",
                List.of(
                    Json.object(
                        "name",
                        "log10 of the sum of g\u00b2",
                        "type",
                        "heatmap",
                        "data",
                        data,
                        "progressive",
                        0))),
            Map.of()),
        List.of(),
        numbers(map));
  }

  private static double hundredths(double value) {
    return Math.round(100 * value) / 100.0;
  }

  /** Returns a name that suits an element and a file. */
  static String id(ParameterStatistics parameter) {
    return parameter.name().replaceAll("[^A-Za-z0-9_]+", "-");
  }

  /** Returns the shape, such as {@code 128 x 512}. */
  static String shape(ParameterStatistics parameter) {
    return String.join(
        " x ", Arrays.stream(parameter.shape().dimensions()).mapToObj(Long::toString).toList());
  }

  private static Object axis(String name, int cells, int indices) {
    return axis(name, cells, indices, false);
  }

  private static Object axis(String name, int cells, int indices, boolean inverse) {
    return Json.object(
        "type",
        "category",
        "inverse",
        inverse,
        "name",
        name,
        "nameLocation",
        "middle",
        "nameGap",
        10,
        "data",
        IntStream.range(0, cells).mapToObj(cell -> range(cell, cells, indices)).toList(),
        "axisLabel",
        Json.object("show", false),
        "axisTick",
        Json.object("show", false),
        "axisLine",
        Json.object("show", false),
        "splitLine",
        Json.object("show", false));
  }

  /** Returns the indices that a cell represents. */
  private static String range(int cell, int cells, int indices) {
    long first = Math.ceilDiv((long) cell * indices, cells);
    long last = Math.ceilDiv((cell + 1L) * indices, cells) - 1;
    return first == last ? Long.toString(first) : first + "\u2013" + last;
  }

  /**
   * Returns the rows and columns that stand out most, which is what readers of the picture look
   * for.
   */
  private static Table numbers(HeatMap map) {
    List<List<String>> rows = new ArrayList<>();
    add(rows, "row", map.rows(), map.columns(), map.tensorRows(), (i, j) -> map.cell(i, j));
    add(rows, "column", map.columns(), map.rows(), map.tensorColumns(), (i, j) -> map.cell(j, i));
    return new Table(List.of("largest", "index", "mean of log10 of the sum of g\u00b2"), rows);
  }

  private interface Cell {
    double at(int line, int along);
  }

  private static void add(
      List<List<String>> rows, String what, int lines, int length, int indices, Cell cell) {
    double[] means =
        IntStream.range(0, lines)
            .mapToDouble(line ->
                IntStream.range(0, length)
                    .mapToDouble(along -> cell.at(line, along))
                    .filter(Double::isFinite)
                    .average()
                    .orElse(Double.NEGATIVE_INFINITY))
            .toArray();
    IntStream.range(0, lines)
        .boxed()
        .sorted((a, b) -> Double.compare(means[b], means[a]))
        .limit(TABLE_ROWS)
        .forEach(line ->
            rows.add(
                List.of(
                    what,
                    range(line, lines, indices),
                    String.format(Locale.ROOT, "%.2f", means[line]))));
  }
}
