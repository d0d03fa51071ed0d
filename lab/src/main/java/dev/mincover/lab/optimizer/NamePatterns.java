package dev.mincover.lab.optimizer;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.ByName.Rule;
import java.util.Collection;
import java.util.List;

/**
 * Reads options of the form {@code PATTERN=VALUE}, where the pattern matches names of parameters.
 */
public final class NamePatterns {

  private NamePatterns() {}

  /** Whether the text begins with a pattern. */
  public static boolean isRule(String text) {
    // The name of a file of sets may contain an equals sign.
    return text.indexOf('=') >= 0 && !text.startsWith(CoverNames.SETS);
  }

  /**
   * Returns the pattern and the value.
   *
   * @throws UserError if there is no pattern
   */
  static Rule<String> rule(String option, String text, String example) {
    int at = text.indexOf('=');
    if (at < 1) {
      throw new UserError(
          "%s is '%s'; it must be PATTERN=VALUE, for example %s".formatted(option, text, example));
    }
    return new Rule<>(text.substring(0, at), text.substring(at + 1));
  }

  /**
   * Refuses patterns that match no parameter: a typing error would go unnoticed.
   *
   * @param names of all parameters
   * @throws UserError naming the option and the pattern
   */
  public static void requireMatches(OptimizerSettings settings, Collection<String> names) {
    List<String> cover = settings.rule().cover();
    for (String text : cover == null ? List.<String>of() : cover) {
      if (isRule(text)) {
        requireMatch("--cover", rule("--cover", text, "").pattern(), names);
      }
    }
    for (String text : settings.rate().rateMultipliers()) {
      requireMatch("--rate-multiplier", rule("--rate-multiplier", text, "").pattern(), names);
    }
    for (String pattern : settings.decay().noDecay()) {
      requireMatch("--no-decay", pattern, names);
    }
  }

  /**
   * Refuses a pattern that matches no parameter.
   *
   * @param names of all parameters
   * @throws UserError naming the option and the pattern
   */
  public static void requireMatch(String option, String pattern, Collection<String> names) {
    Rule<String> rule = new Rule<>(pattern, "");
    if (names.stream().noneMatch(rule::matches)) {
      // Parameters that all blocks have are listed once, as a pattern.
      List<String> known =
          names.stream().map(name -> name.replaceFirst("^h\\.\\d+\\.", "h.*.")).distinct().toList();
      throw new UserError(
          "%s: no parameter is called '%s'; there are %s (* stands for any characters)"
              .formatted(option, pattern, Names.listed(known, "and")));
    }
  }
}
