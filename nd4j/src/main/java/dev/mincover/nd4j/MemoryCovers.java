package dev.mincover.nd4j;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.util.List;

/** A recipe whose covers speak of the axes of arrays, as one that speaks of their memory. */
final class MemoryCovers {

  private MemoryCovers() {}

  /**
   * Returns the recipe with the covers of arrays that are not row-major turned to memory order.
   *
   * @throws IllegalArgumentException if a pattern for covers matches no parameter, or a cover that
   *     has to be turned belongs to a parameter whose name has the character {@code *} or {@code ?}
   */
  static Recipe of(Recipe recipe, List<ArrayParameter> parameters) {
    if (!(recipe instanceof Sm3 sm3)) {
      return recipe;
    }
    sm3.requireMatches(parameters.stream().map(ArrayParameter::name).toList());
    Sm3 turned = sm3;
    for (ArrayParameter parameter : parameters) {
      String name = parameter.name();
      Cover cover = sm3.cover().of(name);
      Cover inMemory =
          parameter.order().isRowMajor() ? cover : parameter.order().inMemory(name, cover);
      if (!inMemory.equals(cover)) {
        if (name.contains("*") || name.contains("?")) {
          throw new IllegalArgumentException(
              "parameter '%s' is not row-major, and its cover is chosen by axes or positions; rename it without * and ?, or bind its dup('c')"
                  .formatted(name));
        }
        turned = turned.cover(name, inMemory);
      }
    }
    return turned;
  }
}
