package dev.mincover.gpu;

import static dev.mincover.gpu.Devices.FORWARDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.mincover.Optimizer;
import dev.mincover.cover.Cover;
import dev.mincover.gpu.Comparison.Tensor;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Sparse gradients on a device: core's bits, among dense ones and with rows given repeatedly. */
class DeviceRowsTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);

  static Stream<Recipe> recipes() {
    return Stream.of(
        PLAIN,
        PLAIN.momentum(Momentum.average(0.9)),
        PLAIN.momentum(Momentum.nesterov(0.9).stored(Momentum.Format.BFLOAT16)),
        PLAIN.cover(Cover.singletons()),
        PLAIN.cover(Cover.whole()),
        PLAIN.cover("?", Cover.axes(0)),
        PLAIN.cover("d", Cover.axes(1, 0)).cover("e", Cover.axes(2)).cover("f", Cover.axes(3, 0)),
        PLAIN.weightDecay(0.1).clipByValue(0.5).maximise(),
        PLAIN.clipByGlobalNorm(1),
        PLAIN.guard(Guard.UNCHECKED),
        PLAIN.algorithm(Sm3.Algorithm.SM3_I),
        PLAIN
            .algorithm(Sm3.Algorithm.SM3_I)
            .momentum(Momentum.average(0.9))
            .cover("?", Cover.axes(0)),
        PLAIN.rounding(Rounding.stochastic(4)));
  }

  private static List<Tensor> tensors(DataType weights, DataType gradient) {
    List<Tensor> tensors = new ArrayList<>();
    char name = 'a';
    for (Shape shape :
        List.of(
            Shape.of(50, 33),
            Shape.of(64),
            Shape.of(300, 256),
            Shape.of(7, 5, 70),
            Shape.of(9, 2, 3),
            Shape.of(6, 3, 3, 3),
            Shape.of(40, 1),
            Shape.of(3, 70_000),
            Shape.of(4, 0))) {
      tensors.add(new Tensor(String.valueOf(name++), shape, weights, gradient));
    }
    return tensors;
  }

  private static void compare(Devices on, Recipe recipe, List<Tensor> tensors) {
    try (Comparison comparison = new Comparison(on.device(), recipe, tensors, 11)) {
      for (int t = 0; t < 6; t++) {
        comparison.stepRows();
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void rowsAmongDenseGradients(Recipe recipe) {
    compare(FORWARDS, recipe, tensors(DataType.FLOAT32, DataType.FLOAT32));
  }

  @ParameterizedTest
  @EnumSource
  void backwards(Devices on) {
    compare(on, PLAIN.clipByGlobalNorm(2), tensors(DataType.FLOAT32, DataType.FLOAT32));
  }

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"BFLOAT16", "FLOAT16"})
  void rowsOf16Bits(DataType type) {
    compare(FORWARDS, PLAIN, tensors(type, type));
    compare(FORWARDS, PLAIN.clipByGlobalNorm(1), tensors(DataType.FLOAT32, type));
  }

  /** One matrix of 5 x 3 on both sides. */
  private static void answers(Recipe recipe, long[] indices, float[] values) {
    try (Arena arena = Arena.ofConfined();
        DeviceMemory weights = FORWARDS.device().allocate(5 * 3 * 4);
        DeviceMemory gradient = FORWARDS.device().allocate(4L * values.length)) {
      gradient.upload(MemorySegment.ofArray(values));
      MemorySegment rows = arena.allocate(8L * indices.length, 8);
      rows.copyFrom(MemorySegment.ofArray(indices));
      float[] here = new float[15];
      try (Optimizer host = Optimizer.bind(recipe, List.of(Parameter.of("w", here, 5, 3)));
          DeviceOptimizer optimizer =
              DeviceOptimizer.bind(
                  recipe,
                  FORWARDS.device(),
                  List.of(DeviceParameter.of("w", Shape.of(5, 3), weights)))) {
        Throwable expected =
            catchThrowable(() -> host.step(Map.of("w", Gradient.rows(indices, values))));
        DeviceGradient given = DeviceGradient.rows(rows, gradient, DataType.FLOAT32);
        assertThatThrownBy(() -> optimizer.step(Map.of("w", given)))
            .hasSameClassAs(expected)
            .hasMessage(expected.getMessage());
        assertThat(optimizer.steps()).isZero();
      }
    }
  }

  @Test
  void coresErrors() {
    float inf = Float.POSITIVE_INFINITY;
    answers(PLAIN, new long[] {1, 5}, new float[6]);
    answers(PLAIN, new long[] {-1}, new float[3]);
    answers(PLAIN, new long[] {1, 2}, new float[5]);
    answers(Adam.learningRate(0.1), new long[] {1}, new float[3]);
    answers(PLAIN, new long[] {4, 0}, new float[] {1, 2, inf, 4, 5, 6});
    // Each is finite; what is added up is not, and stands first in the order of rows.
    answers(PLAIN, new long[] {4, 0, 4}, new float[] {1e19f, 2, 3e38f, 4, 5, 6, 1.2e19f, 0, 3e38f});
    answers(PLAIN.clipByGlobalNorm(1), new long[] {4, 0}, new float[] {1, 2, Float.NaN, 4, 5, inf});
  }

  @Test
  void averagesOfSquaresAreRefused() {
    try (DeviceMemory weights = FORWARDS.device().allocate(60);
        DeviceMemory gradient = FORWARDS.device().allocate(12);
        DeviceOptimizer optimizer =
            DeviceOptimizer.bind(
                PLAIN.secondMoment(SecondMoment.average(0.9)),
                FORWARDS.device(),
                List.of(DeviceParameter.of("w", Shape.of(5, 3), weights)))) {
      DeviceGradient rows =
          DeviceGradient.rows(MemorySegment.ofArray(new long[] {1}), gradient, DataType.FLOAT32);
      assertThatThrownBy(() -> optimizer.step(Map.of("w", rows)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "parameter 'w' of shape [5, 3] takes no sparse gradient: a moving average of squares on a device would have to scale all rows; use the sum");
      assertThat(optimizer.steps()).isZero();
    }
  }
}
