package dev.mincover.lab.report;

import dev.mincover.lab.report.Chart.Control;
import dev.mincover.lab.report.Chart.View;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A chart with curves over the course of a training, by step, tokens or time. */
final class Lines {
  private static final int LEGEND_TEXT = 14;

  /** The width in CSS pixels below which every name of the legend has its own row. */
  private static final int NARROW = 560;

  private static final int WIDE = 860;
  private static final int LEGEND_ICON = 63;
  private static final int LEGEND_LETTER = 7;

  /** The choices for the horizontal axis. */
  private enum Axis {
    STEP("step", "by step", "step"),
    TOKENS("tokens", "by tokens", "tokens"),
    TIME("time", "by time", "training time (seconds)");

    private final String id;
    private final String label;
    private final String title;

    Axis(String id, String label, String title) {
      this.id = id;
      this.label = label;
      this.title = title;
    }

    private Map<String, Object> option() {
      return Json.object(
          "type",
          "value",
          "name",
          title,
          "nameLocation",
          "middle",
          "nameGap",
          28,
          "min",
          0,
          "max",
          "dataMax",
          "axisLine",
          Json.object("show", true),
          "splitLine",
          Json.object("show", false),
          "axisLabel",
          Json.object("showMaxLabel", this != TIME, "hideOverlap", true),
          // Steps and tokens are whole numbers.
          "axisPointer",
          Json.object("label", Json.object("precision", this == TIME ? 1 : 0)));
    }
  }

  private final List<Object> datasets = new ArrayList<>();
  private final List<Map<String, Object>> series = new ArrayList<>();
  private final List<String> legend = new ArrayList<>();
  private final int logBase;

  /**
   * Makes an empty chart.
   *
   * @param logBase base of the vertical axis: on a logarithmic scale its powers have labels
   */
  Lines(int logBase) {
    this.logBase = logBase;
  }

  /** The number of lines of the legend if each series has its own. */
  int legendRows() {
    return legend.size();
  }

  /** Adds the curve of a series, or the mean of its runs' curves, with symbols at the points. */
  Lines add(Series of, Curve curve, boolean symbols) {
    Map<String, Object> line = line(of, curve, 2.2, 1);
    line.put("symbol", Style.symbol(of.index()));
    line.put("showSymbol", symbols);
    line.put("symbolSize", 7);
    line.put("z", 3);
    line.put("emphasis", Json.object("focus", "series"));
    legend.add(of.name());
    series.add(line);
    return this;
  }

  /** Adds a thin curve for one of several runs of a series. */
  Lines addThin(Series of, Curve curve) {
    Map<String, Object> line = line(of, curve, 1, 0.45);
    line.put("symbol", "none");
    line.put("silent", true);
    line.put("tooltip", Json.object("show", false));
    series.add(line);
    return this;
  }

  /** Adds a level to compare the curves with. */
  Lines addLevel(String name, double value) {
    if (!series.isEmpty()) {
      series
          .getFirst()
          .put(
              "markLine",
              Json.object(
                  "silent",
                  true,
                  "symbol",
                  "none",
                  "lineStyle",
                  Json.object("color", Style.GREY, "type", List.of(1, 3), "width", 1.2),
                  "label",
                  Json.object("formatter", "{b}", "position", "insideEndTop", "color", Style.GREY),
                  "data",
                  List.of(Json.object("name", name, "yAxis", Json.rounded(value)))));
    }
    return this;
  }

  private Map<String, Object> line(Series of, Curve curve, double width, double opacity) {
    List<Object> rows = new ArrayList<>();
    for (Curve.Point point : curve.thinned().points()) {
      rows.add(
          List.of(
              point.step(),
              point.tokens(),
              Json.rounded(point.seconds()),
              Json.rounded(point.value())));
    }
    datasets.add(
        Json.object("dimensions", List.of("step", "tokens", "time", of.name()), "source", rows));
    String colour = Style.colour(of.index());
    return Json.object(
        "id",
        id(series.size()),
        "name",
        of.name(),
        "type",
        "line",
        "datasetIndex",
        datasets.size() - 1,
        "encode",
        encode(Axis.STEP),
        "lineStyle",
        Json.object(
            "color", colour, "type", Style.dash(of.index()), "width", width, "opacity", opacity),
        "itemStyle",
        Json.object("color", colour));
  }

  private static String id(int line) {
    return "line-" + line;
  }

  private static Map<String, Object> encode(Axis axis) {
    return Json.object("x", axis.id, "y", 3);
  }

  /** Returns the chart's option. */
  Map<String, Object> option() {
    Map<String, Object> base =
        Json.object(
            "animation",
            false,
            "dataset",
            datasets,
            "legend",
            Json.object("left", 0, "top", 0, "data", legend, "itemWidth", 40),
            "grid",
            Json.object("left", 4, "right", 18, "bottom", 66, "containLabel", true),
            "tooltip",
            Json.object("trigger", "axis", "confine", true, "order", "valueAsc"),
            "xAxis",
            Axis.STEP.option(),
            "yAxis",
            linear(),
            "dataZoom",
            List.of(
                Json.object("type", "inside", "zoomOnMouseWheel", "ctrl"),
                Json.object("type", "slider", "height", 20, "bottom", 8, "showDetail", false)),
            "series",
            series);
    return Json.object(
        "baseOption",
        base,
        "media",
        List.of(
            Json.object("option", layout("horizontal", 18, rows(NARROW))),
            Json.object(
                "query",
                Json.object("minWidth", WIDE),
                "option",
                layout("horizontal", 18, rows(WIDE))),
            Json.object(
                "query",
                Json.object("maxWidth", NARROW),
                "option",
                layout("vertical", 8, legend.size()))));
  }

  /**
   * Returns the number of rows of a legend of some width, or slightly more, because letters differ
   * in width.
   */
  private int rows(int width) {
    int rows = 1;
    int used = 0;
    for (String name : legend) {
      int item = LEGEND_ICON + LEGEND_LETTER * name.length();
      if (used > 0 && used + item > width) {
        rows++;
        used = 0;
      }
      used += item;
    }
    return rows;
  }

  /** Returns the layout with the legend in rows and the curves below it. */
  private static Map<String, Object> layout(String orient, int gap, int rows) {
    return Json.object(
        "legend",
        Json.object("orient", orient, "itemGap", gap),
        "grid",
        Json.object("top", 20 + rows * (LEGEND_TEXT + gap)));
  }

  /** Returns the changes for paper: there is no bar to zoom. */
  static Map<String, Object> paper() {
    return Json.object(
        "dataZoom",
        List.of(Json.object(), Json.object("show", false)),
        "grid",
        Json.object("bottom", 30));
  }

  private Map<String, Object> linear() {
    return Json.object("type", "value", "scale", true);
  }

  private Map<String, Object> logarithmic() {
    return Json.object(
        "type",
        "log",
        "logBase",
        logBase,
        "min",
        "dataMin",
        "max",
        "dataMax",
        "axisLabel",
        Json.object("hideOverlap", true));
  }

  /** Returns the control of the horizontal axis: by step, tokens or time. */
  Control horizontalAxis() {
    List<View> views = new ArrayList<>();
    for (Axis axis : Axis.values()) {
      views.add(
          new View(
              axis.id,
              axis.label,
              Json.object(
                  "xAxis",
                  axis.option(),
                  "series",
                  IntStream.range(0, series.size())
                      .mapToObj(i -> Json.object("id", id(i), "encode", encode(axis)))
                      .toList())));
    }
    return new Control("axis", "Horizontal axis", views);
  }

  /** Returns the control of the scale: linear or logarithmic. */
  Control scale() {
    return new Control(
        "scale",
        "Vertical scale",
        List.of(
            new View("linear", "linear", Json.object("yAxis", linear())),
            new View("log", "logarithmic", Json.object("yAxis", logarithmic()))));
  }
}
