package dev.mincover.recipe;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A choice that may differ from parameter to parameter, by patterns over their names. In a pattern
 * {@code *} stands for any characters and {@code ?} for one; it must match the whole name. Of
 * several rules that match, the one given last holds.
 *
 * @param otherwise what holds for a parameter that no rule matches
 * @param rules in the order given
 */
public record ByName<T>(T otherwise, List<Rule<T>> rules) {

  /** What holds for the parameters whose names match a pattern. */
  public record Rule<T>(String pattern, T value) {

    /** Whether {@code name} as a whole matches. */
    public boolean matches(String name) {
      String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
      return Pattern.compile(regex, Pattern.DOTALL).matcher(name).matches();
    }
  }

  /** Copies the rules. */
  public ByName {
    rules = List.copyOf(rules);
  }

  /** The same for all parameters. */
  public static <T> ByName<T> always(T value) {
    return new ByName<>(value, List.of());
  }

  /** This choice with a rule more, which overrides those before it. */
  public ByName<T> with(String pattern, T value) {
    List<Rule<T>> more = new ArrayList<>(rules);
    more.add(new Rule<>(pattern, value));
    return new ByName<>(otherwise, more);
  }

  /** What holds for one parameter. */
  public T of(String name) {
    for (Rule<T> rule : rules.reversed()) {
      if (rule.matches(name)) {
        return rule.value();
      }
    }
    return otherwise;
  }

  /**
   * Refuses a rule that matches none of the names.
   *
   * @param what is chosen, in words
   * @throws IllegalArgumentException naming the first such rule
   */
  public void requireMatches(String what, Collection<String> names) {
    for (Rule<T> rule : rules) {
      if (names.stream().noneMatch(rule::matches)) {
        throw new IllegalArgumentException(
            "%s is given for '%s', which matches none of the parameters %s"
                .formatted(what, rule.pattern(), names));
      }
    }
  }
}
