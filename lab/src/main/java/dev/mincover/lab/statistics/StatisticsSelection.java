package dev.mincover.lab.statistics;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.recipe.ByName.Rule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The selection of parameters that get gradient statistics.
 *
 * @param words {@code all}, {@code none}, or patterns of names; empty for the default, which is all
 *     parameters of a model with at most {@link #WEIGHTS_BY_DEFAULT} weights, and none of a larger
 *     one
 */
public record StatisticsSelection(List<String> words) {

  /**
   * The number of weights up to which statistics cost little: 4 bytes per weight and a few percent
   * of time.
   */
  public static final long WEIGHTS_BY_DEFAULT = 4_000_000;

  private static final String OPTION = "--statistics";
  private static final String ALL = "all";
  private static final String NONE = "none";

  /**
   * Copies the list.
   *
   * @throws UserError if all or none is combined with other words
   */
  public StatisticsSelection {
    words = List.copyOf(words);
    if (words.size() > 1 && (words.contains(ALL) || words.contains(NONE))) {
      throw new UserError(
          "%s is '%s'; give all, none, or patterns of parameters' names"
              .formatted(OPTION, String.join(" ", words)));
    }
  }

  /** Selects no parameter of any model. */
  public static StatisticsSelection none() {
    return new StatisticsSelection(List.of(NONE));
  }

  /**
   * Returns the selected parameters, in the model's order.
   *
   * @param parameters all parameters of the model
   * @throws UserError if a pattern matches none of them
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
