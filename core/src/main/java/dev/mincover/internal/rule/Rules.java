package dev.mincover.internal.rule;

import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;

/** The one place where a recipe, which is data, becomes a rule that steps. */
public final class Rules {

  private Rules() {}

  /**
   * The rule of a recipe for one parameter that learns, with its state allocated and zeroed.
   *
   * @throws IllegalArgumentException if the cover of that parameter does not fit its shape
   */
  public static Rule of(Recipe recipe, Parameter parameter, NativeMemory memory) {
    return switch (recipe) {
      case Sm3 sm3 -> Sm3Rule.of(parameter, sm3, memory);
      case Adam adam -> AdamRule.of(parameter, adam, memory);
      case Adafactor adafactor -> AdafactorRule.of(parameter, adafactor, memory);
    };
  }

  /**
   * Bytes of state that {@link #of} would allocate.
   *
   * @throws IllegalArgumentException if the cover of that name does not fit the shape
   * @throws ArithmeticException if 64 bits cannot count the bytes
   */
  public static long stateBytes(Recipe recipe, String name, Shape shape) {
    NativeMemory counted = NativeMemory.counting();
    switch (recipe) {
      case Sm3 sm3 -> Sm3Rule.State.of(name, shape, sm3, counted);
      case Adam _ -> AdamRule.State.of(shape, counted);
      case Adafactor adafactor -> AdafactorRule.State.of(shape, adafactor, counted);
    }
    return counted.bytes();
  }
}
