package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A float16 weight that a step moves beyond 65,504 is named, whatever the rule and the guard. */
class WeightRangeTest {

  private static final int ROWS = 40;
  private static final int COLUMNS = 3_000;

  /** The weights that will leave the range, in row-major order; the second is named first. */
  private static final List<Integer> LEAVING = List.of(39 * COLUMNS + 7, 20 * COLUMNS + 2_500);

  static Stream<Recipe> recipes() {
    Sm3 sm3 = Sm3.learningRate(1_000);
    return Stream.of(
        sm3,
        sm3.guard(Guard.SKIP),
        sm3.guard(Guard.UNCHECKED),
        sm3.algorithm(Sm3.Algorithm.SM3_I),
        sm3.momentum(Momentum.heavyBall(0.9)),
        sm3.momentum(Momentum.nesterov(0.9).stored(Momentum.Format.INT8)),
        Sm3.adaGrad(1_000),
        sm3.rounding(Rounding.stochastic(1)),
        Adam.learningRate(1_000),
        Adafactor.learningRate(1_000));
  }

  private static short[] weights() {
    short[] w = new short[ROWS * COLUMNS];
    LEAVING.forEach(i -> w[i] = Float.floatToFloat16(65_000));
    return w;
  }

  private static float[] gradient() {
    float[] g = new float[ROWS * COLUMNS];
    LEAVING.forEach(i -> g[i] = -1);
    return g;
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void isNamedAfterTheStep(Recipe recipe) {
    for (int threads : new int[] {1, 3}) {
      short[] w = weights();
      try (Optimizer optimizer = Optimizer.bind(recipe, List.of(half("w", w)), threads)) {
        NonFiniteWeightException failure =
            catchThrowableOfType(
                NonFiniteWeightException.class,
                () -> optimizer.step(Map.of("w", Gradient.dense(gradient()))));
        assertThat(failure)
            .hasMessageContaining("parameter 'w' is Infinity at [20, 2500]")
            .hasMessageContaining("65504");
        assertThat(failure.parameter()).isEqualTo("w");
        assertThat(failure.index()).containsExactly(20, 2_500);
        assertThat(failure.value()).isEqualTo(Float.POSITIVE_INFINITY);
        assertThat(failure.changed()).isTrue();
        assertThat(optimizer.steps()).as("the step was taken").isEqualTo(1);
      }
    }
  }

  @Test
  void isNamedInASparseStep() {
    short[] w = weights();
    float[] row = Arrays.copyOfRange(gradient(), 20 * COLUMNS, 21 * COLUMNS);
    try (Optimizer optimizer = Optimizer.bind(Sm3.learningRate(1_000), List.of(half("w", w)), 2)) {
      NonFiniteWeightException failure =
          catchThrowableOfType(
              NonFiniteWeightException.class,
              () -> optimizer.step(Map.of("w", Gradient.rows(new long[] {20}, row))));
      assertThat(failure.index()).containsExactly(20, 2_500);
    }
  }

  /**
   * Of several parameters the one at fault; a parameter without a gradient is none of the step's.
   */
  @Test
  void isNamedWithItsParameterAlone() {
    short[] fine = new short[ROWS * COLUMNS];
    short[] left = new short[] {Float.floatToFloat16(Float.POSITIVE_INFINITY)};
    Parameter untouched =
        Parameter.of("untouched", Shape.of(1), MemorySegment.ofArray(left), DataType.FLOAT16);
    try (Optimizer optimizer =
        Optimizer.bind(
            Sm3.learningRate(1_000),
            List.of(half("fine", fine), half("bad", weights()), untouched))) {
      NonFiniteWeightException failure =
          catchThrowableOfType(
              NonFiniteWeightException.class,
              () ->
                  optimizer.step(
                      Map.of(
                          "fine", Gradient.dense(gradient()), "bad", Gradient.dense(gradient()))));
      assertThat(failure.parameter()).isEqualTo("bad");
    }
  }

  @Test
  void theLargestFloat16IsNoFault() {
    short[] w = {Float.floatToFloat16(65_472)};
    Parameter parameter =
        Parameter.of("w", Shape.of(1), MemorySegment.ofArray(w), DataType.FLOAT16);
    try (Optimizer optimizer = Optimizer.bind(Sm3.learningRate(32), List.of(parameter))) {
      optimizer.step(Map.of("w", Gradient.dense(new float[] {-1})));
    }
    assertThat(Float.float16ToFloat(w[0])).isEqualTo(65_504);
  }

  private static Parameter half(String name, short[] weights) {
    return Parameter.of(
        name, Shape.of(ROWS, COLUMNS), MemorySegment.ofArray(weights), DataType.FLOAT16);
  }
}
