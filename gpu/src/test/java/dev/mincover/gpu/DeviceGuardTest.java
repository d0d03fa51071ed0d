package dev.mincover.gpu;

import static dev.mincover.gpu.Devices.FORWARDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.NonFiniteWeightException;
import dev.mincover.gpu.Comparison.Tensor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Values that are not finite: core's answers, before anything has changed. */
class DeviceGuardTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);
  private static final Shape SHAPE = Shape.of(3, 5, 7);

  private static Comparison compared(Recipe recipe, DataType weights, DataType gradient) {
    return new Comparison(
        FORWARDS.device(),
        recipe,
        List.of(
            new Tensor("a", Shape.of(300_000), weights, gradient),
            new Tensor("b", SHAPE, weights, gradient)),
        5);
  }

  private static float[] ones(long size) {
    float[] values = new float[Math.toIntExact(size)];
    Arrays.fill(values, 0.25f);
    return values;
  }

  static Stream<Arguments> bad() {
    return Stream.of(
        Arguments.of(PLAIN, Float.NaN),
        Arguments.of(PLAIN, Float.POSITIVE_INFINITY),
        Arguments.of(PLAIN, Float.NEGATIVE_INFINITY),
        Arguments.of(PLAIN, 2e19f),
        Arguments.of(PLAIN.clipByValue(1), 2e19f),
        Arguments.of(PLAIN.clipByValue(1), Float.NEGATIVE_INFINITY),
        Arguments.of(PLAIN.clipByValue(1), Float.NaN),
        Arguments.of(PLAIN.clipByGlobalNorm(1), 2e19f),
        Arguments.of(PLAIN.clipByGlobalNorm(1), Float.NaN),
        Arguments.of(PLAIN.clipByGlobalNorm(1).guard(Guard.UNCHECKED), Float.NaN),
        Arguments.of(PLAIN.maximise(), Float.NaN),
        Arguments.of(PLAIN.guard(Guard.SKIP), Float.NaN),
        Arguments.of(PLAIN.guard(Guard.SKIP), 2e19f),
        Arguments.of(Adam.learningRate(0.1), Float.NaN),
        Arguments.of(Adam.learningRate(0.1).guard(Guard.SKIP), Float.NEGATIVE_INFINITY));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void coresAnswer(Recipe recipe, float value) {
    try (Comparison comparison = compared(recipe, DataType.FLOAT32, DataType.FLOAT32)) {
      comparison.step(true);
      float[] a = ones(300_000);
      float[] b = ones(SHAPE.size());
      // Deep in a later stretch, then in the other tensor as well.
      a[200_003] = value;
      comparison.step(Map.of("a", a, "b", b));
      b[41] = value;
      comparison.step(Map.of("b", b));
      comparison.step(Map.of("a", a, "b", b));
      comparison.step(true);
    }
  }

  @ParameterizedTest
  @MethodSource("bad")
  void coresAnswerTo16Bits(Recipe recipe, float value) {
    for (DataType gradient : List.of(DataType.BFLOAT16, DataType.FLOAT16)) {
      try (Comparison comparison = compared(recipe, DataType.FLOAT32, gradient)) {
        float[] b = ones(SHAPE.size());
        b[104] = value;
        comparison.step(Map.of("b", b));
        comparison.step(true);
      }
    }
  }

  @Test
  void uncheckedIsToldLate() {
    try (Comparison comparison =
        compared(PLAIN.guard(Guard.UNCHECKED), DataType.FLOAT32, DataType.FLOAT32)) {
      comparison.step(true);
      DeviceOptimizer optimizer = comparison.optimizer;
      optimizer.synchronize();
      float[] b = ones(SHAPE.size());
      b[7] = Float.NaN;
      comparison.stepDevice(Map.of("b", b)); // says nothing
      assertThatThrownBy(optimizer::synchronize)
          .isInstanceOfSatisfying(
              NonFiniteGradientException.class,
              e -> {
                assertThat(e.parameter()).isEqualTo("b");
                assertThat(e.changed()).isTrue();
                assertThat(e.index()).isEmpty();
              });
      optimizer.synchronize(); // It is told once.
    }
  }

  @Test
  void aFloat16WeightOutOfRangeIsNamed() {
    try (Comparison comparison =
        compared(
            Sm3.learningRate(1e6).guard(Guard.UNCHECKED), DataType.FLOAT16, DataType.FLOAT32)) {
      float[] b = new float[Math.toIntExact(SHAPE.size())];
      b[40] = 1;
      b[77] = -1;
      comparison.step(Map.of("b", b));
      assertThatThrownBy(() -> comparison.stepDevice(Map.of("b", b)))
          .isInstanceOf(NonFiniteWeightException.class)
          .hasMessageContaining("'b' is -Infinity at [1, 0, 5]");
    }
  }
}
