package dev.mincover.lab.statistics;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.recipe.ByName.Rule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * Which parameters of a model get statistics.
 *
 * @param words {@code all}, {@code none}, or patterns over the names of parameters; empty for the
 *     default, which is all of a model of at most {@link #WEIGHTS_BY_DEFAULT} weights and none of a
 *     larger one
 */
public record StatisticsSelection(List<String> words) {

  /** Weights up to which statistics cost little: 4 bytes a weight and a few percent of the time. */
  public static final long WEIGHTS_BY_DEFAULT = 4_000_000;

  private static final String OPTION = "--statistics";
  private static final String ALL = "all";
  private static final String NONE = "none";

  /**
   * Copies the list.
   *
   * @throws UserError if all or none stands beside other words
   */
  public StatisticsSelection {
    words = List.copyOf(words);
    if (words.size() > 1 && (words.contains(ALL) || words.contains(NONE))) {
      throw new UserError(
          "%s is '%s'; give all, none, or patterns of parameters' names"
              .formatted(OPTION, String.join(" ", words)));
    }
  }

  /** No statistics, whatever the model. */
  public static StatisticsSelection none() {
    return new StatisticsSelection(List.of(NONE));
  }

  /**
   * The parameters that get statistics, in the model's order.
   *
   * @param parameters all of the model's
   * @throws UserError if a pattern names none of them
   */
  public Map<String, Tensor> of(Map<String, Tensor> parameters) {
    if (words.isEmpty()) {
      long weights = parameters.values().stream().mapToLong(Tensor::numel).sum();
      return weights <= WEIGHTS_BY_DEFAULT ? parameters : Map.of();
    }
    if (words.equals(List.of(ALL))) {
      return parameters;
    }
    if (words.equals(List.of(NONE))) {
      return Map.of();
    }
    words.forEach(pattern -> NamePatterns.requireMatch(OPTION, pattern, parameters.keySet()));
    Map<String, Tensor> selected = new LinkedHashMap<>();
    parameters.forEach((name, tensor) -> {
      if (words.stream().anyMatch(pattern -> new Rule<>(pattern, "").matches(name))) {
        selected.put(name, tensor);
      }
    });
    return selected;
  }
}
