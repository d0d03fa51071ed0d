package dev.mincover.lab.common;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Names of enum constants on the command line and in JSON files, such as {@code heavy-ball}. */
public final class Names {

  private static final Map<String, String> SHORT =
      Map.of("f32", "float32", "bf16", "bfloat16", "f16", "float16");

  private Names() {}

  /** Returns a constant's name in lower case, with hyphens. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Returns the constant with a name. {@code f32}, {@code bf16} and {@code f16} are accepted as
   * short forms.
   *
   * @throws UserError naming the option, the value and all names
   */
  public static <E extends Enum<E>> E parse(String option, String name, Class<E> type) {
    String full = SHORT.getOrDefault(name, name);
    List<E> constants = Arrays.asList(type.getEnumConstants());
    for (E constant : constants) {
      if (of(constant).equals(full)) {
        return constant;
      }
    }
    throw new UserError(
        "%s is '%s'; it must be %s"
            .formatted(option, name, listed(constants.stream().map(Names::of).toList(), "or")));
  }

  /** Joins words, as in {@code a, b or c}. */
  public static String listed(List<String> words, String last) {
    int split = words.size() - 1;
    return split == 0
        ? words.getFirst()
        : String.join(", ", words.subList(0, split)) + " " + last + " " + words.getLast();
  }
}
