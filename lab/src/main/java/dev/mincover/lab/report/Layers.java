package dev.mincover.lab.report;

import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Selects the parameters of a model that a report shows. */
final class Layers {
  private static final int MOST = 6;

  private Layers() {}

  /**
   * Returns the parameters with rows and columns. Below rank 2, SM3 is AdaGrad, and there is
   * nothing to show.
   */
  static List<ParameterStatistics> all(GradientStatistics statistics) {
    return statistics.parameters().stream()
        .filter(parameter -> parameter.shape().rank() >= 2 && parameter.shape().size() > 0)
        .toList();
  }

  /**
   * Returns at most six parameters. Layers that differ only in a number, such as {@code h.0.attn}
   * and {@code h.1.attn}, are of one kind; the middle one of each kind is shown, and if there are
   * many kinds, the largest.
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
