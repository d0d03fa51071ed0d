package dev.mincover.lab.report;

import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.report.Chart.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Charts of the optimizers' state as bars, next to Adam's. */
final class MemoryCharts {
  private static final int BAR = 44;
  private static final int FRAME = 70;
  private static final double BYTES_PER_WEIGHT_ADAM = 2 * Float.BYTES;

  private record Bar(String name, double value, String label, String colour, Object pattern) {}

  private MemoryCharts() {}

  /** Makes the chart of bytes per weight. */
  static Chart perWeight(List<Series> all) {
    List<Bar> bars = new ArrayList<>();
    for (Series series : all) {
      bars.add(bar(series, series.bytesPerWeight(), bytes(series.bytesPerWeight())));
    }
    if (!hasAdam(all)) {
      bars.add(adam(BYTES_PER_WEIGHT_ADAM, bytes(BYTES_PER_WEIGHT_ADAM)));
    }
    return chart("memory-per-weight", "Optimizer state, bytes a weight", "bytes a weight", bars);
  }

  /** Makes the chart of bytes in all. */
  static Chart inAll(List<Series> all) {
    List<Bar> bars = new ArrayList<>();
    for (Series series : all) {
      double state = series.mean(summary -> summary.memory().optimizerStateBytes());
      bars.add(bar(series, state, ByteCount.format(Math.round(state))));
    }
    if (!hasAdam(all)) {
      all.stream()
          .mapToLong(series -> series.first().memory().adamStateBytes())
          .distinct()
          .sorted()
          .forEach(state -> bars.add(adam((double) state, ByteCount.format(state))));
    }
    return chart("memory", "Optimizer state in all", "bytes", bars);
  }

  private static boolean hasAdam(List<Series> all) {
    return all.stream().anyMatch(Finding::isAdam);
  }

  private static String bytes(double bytes) {
    return String.format(Locale.ROOT, "%.2f", bytes);
  }

  private static Bar bar(Series of, double value, String label) {
    return new Bar(of.name(), value, label, Style.colour(of.index()), Style.pattern(of.index()));
  }

  private static Bar adam(double value, String label) {
    return new Bar("Adam, for reference", value, label, Style.GREY, Style.pattern(0));
  }

  private static Chart chart(String id, String title, String unit, List<Bar> bars) {
    List<Map<String, Object>> data =
        bars.stream()
            .map(bar ->
                Json.object(
                    "name",
                    bar.name(),
                    "value",
                    Json.rounded(bar.value()),
                    "itemStyle",
                    Json.object("color", bar.colour(), "decal", bar.pattern()),
                    "label",
                    Json.object("formatter", bar.label())))
            .toList();
    Map<String, Object> option =
        Json.object(
            "animation",
            false,
            // Patterns only: the page has its own words for a screen reader.
            "aria",
            Json.object(
                "enabled", true, "label", Json.object("enabled", false), "decal", Json.object()),
            "grid",
            Json.object("left", 4, "right", 72, "top", 8, "bottom", 8, "containLabel", true),
            "tooltip",
            Json.object("trigger", "item", "confine", true),
            "xAxis",
            Json.object(
                "type",
                "value",
                "splitNumber",
                4,
                "axisLabel",
                Json.object("show", false),
                "splitLine",
                Json.object("show", false)),
            "yAxis",
            Json.object(
                "type",
                "category",
                "inverse",
                true,
                "data",
                bars.stream().map(Bar::name).toList(),
                "axisTick",
                Json.object("show", false),
                "axisLabel",
                Json.object("width", 170, "overflow", "break", "lineHeight", 14)),
            "series",
            List.of(
                Json.object(
                    "name",
                    unit,
                    "type",
                    "bar",
                    "barMaxWidth",
                    26,
                    "barMinHeight",
                    1,
                    "label",
                    Json.object("show", true, "position", "right"),
                    "data",
                    data)));
    return new Chart(
        id,
        new Chart.Words(
            title,
            "What each optimizer allocates beside weights and gradients, in %s: %s."
                .formatted(
                    unit,
                    String.join(
                        "; ", bars.stream().map(bar -> bar.name() + " " + bar.label()).toList())),
            "Allocated beside weights and gradients."),
        new Chart.Size(FRAME + BAR * bars.size(), 0, false),
        new Chart.Drawing(option, Map.of()),
        List.of(),
        new Table(
            List.of("optimizer", unit),
            bars.stream()
                .map(bar -> List.of(bar.name(), String.format(Locale.ROOT, "%,.6g", bar.value())))
                .toList()));
  }
}
