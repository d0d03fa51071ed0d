package dev.mincover.lab.report;

import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which parameters of a model a report shows. */
final class Layers {
  private static final int MOST = 6;

  private Layers() {}

  /** Those with rows and columns: below rank 2 SM3 is AdaGrad, and there is nothing to see. */
  static List<ParameterStatistics> all(GradientStatistics statistics) {
    return statistics.parameters().stream()
        .filter(parameter -> parameter.shape().rank() >= 2 && parameter.shape().size() > 0)
        .toList();
  }

  /**
   * At most six: layers that differ in a number alone, such as {@code h.0.attn} and {@code
   * h.1.attn}, are of a kind, and the middle one of each kind is shown; of many kinds, the largest.
   */
  static List<ParameterStatistics> chosen(GradientStatistics statistics) {
    Map<String, List<ParameterStatistics>> kinds = new LinkedHashMap<>();
    for (ParameterStatistics parameter : all(statistics)) {
      String kind = parameter.name().replaceAll("\\d+", "#");
      kinds.computeIfAbsent(kind, _ -> new ArrayList<>()).add(parameter);
    }
    List<ParameterStatistics> middles =
        kinds.values().stream().map(kind -> kind.get(kind.size() / 2)).toList();
    List<ParameterStatistics> largest =
        middles.stream()
            .sorted(
                Comparator.comparingLong((ParameterStatistics each) -> each.shape().size())
                    .reversed())
            .limit(MOST)
            .toList();
    return middles.stream().filter(largest::contains).toList();
  }
}
