package dev.mincover.gpu;

import static dev.mincover.gpu.Devices.BACKWARDS;
import static dev.mincover.gpu.Devices.FORWARDS;
import static dev.mincover.recipe.Momentum.Format.BFLOAT16;
import static dev.mincover.recipe.Sm3.Algorithm.SM3_I;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.cover.Cover;
import dev.mincover.gpu.Comparison.Tensor;
import dev.mincover.gpu.device.Device;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Five steps on a device, with core's bits in weights and state after each. */
class DeviceBitsTest {

  private static final int STEPS = 5;

  static final List<Shape> AWKWARD =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1),
          Shape.of(17),
          Shape.of(1000),
          Shape.of(1, 1),
          Shape.of(1, 7),
          Shape.of(7, 1),
          Shape.of(33, 17),
          Shape.of(5, 0, 3),
          Shape.of(4097, 31),
          Shape.of(257, 1024),
          Shape.of(64, 3, 7, 7),
          Shape.of(4, 3, 2),
          Shape.of(6, 5, 70),
          Shape.of(3, 4, 5, 64),
          Shape.of(2, 3, 2, 2, 2),
          Shape.of(3, 2, 2, 3, 68));

  static List<Tensor> tensors(List<Shape> shapes, DataType weights, DataType gradient) {
    List<Tensor> tensors = new ArrayList<>();
    for (Shape shape : shapes) {
      tensors.add(new Tensor("t" + tensors.size(), shape, weights, gradient));
    }
    return tensors;
  }

  static void compare(Device device, Recipe recipe, List<Tensor> tensors, float size) {
    try (Comparison comparison = new Comparison(device, recipe, tensors, 17)) {
      comparison.size = size;
      for (int t = 0; t < STEPS; t++) {
        comparison.step(t != 2); // A step leaves tensors out.
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void awkwardShapes(Devices on) {
    compare(
        on.device(),
        Sm3.learningRate(0.1),
        tensors(AWKWARD, DataType.FLOAT32, DataType.FLOAT32),
        1);
  }

  @ParameterizedTest
  @EnumSource
  void twoHundredTensorsInALaunch(Devices on) {
    Random random = new Random(3);
    List<Shape> shapes = new ArrayList<>();
    while (shapes.size() < 200) {
      long[] dimensions = new long[random.nextInt(4)];
      for (int axis = 0; axis < dimensions.length; axis++) {
        dimensions[axis] = random.nextInt(dimensions.length == 3 ? 12 : 90);
      }
      shapes.add(Shape.of(dimensions));
    }
    compare(
        on.device(),
        Sm3.learningRate(0.1).cover("t1*", Cover.singletons()),
        tensors(shapes, DataType.FLOAT32, DataType.FLOAT32),
        1);
  }

  /** Of all kinds of rows and covers, in sizes that take little time. */
  private static final List<Shape> FEW =
      List.of(
          Shape.of(),
          Shape.of(37),
          Shape.of(256),
          Shape.of(1, 7),
          Shape.of(33, 17),
          Shape.of(70, 128),
          Shape.of(6, 5, 70),
          Shape.of(8, 3, 3, 3));

  private static final Sm3 PLAIN = Sm3.learningRate(0.1);

  /** Each is what no kernel may leave out. */
  static Stream<Recipe> recipes() {
    Sm3 averaged = PLAIN.momentum(Momentum.average(0.9));
    return Stream.of(
        averaged,
        PLAIN.momentum(Momentum.heavyBall(0.5)),
        PLAIN.momentum(Momentum.nesterov(0.9)),
        averaged.momentum(Momentum.average(0.9).stored(BFLOAT16)),
        PLAIN.momentum(Momentum.heavyBall(0.9).stored(BFLOAT16)),
        PLAIN.momentum(Momentum.nesterov(0.9).stored(BFLOAT16)),
        PLAIN.cover(Cover.singletons()),
        averaged.cover(Cover.singletons()),
        PLAIN.cover(Cover.whole()),
        PLAIN.cover("t?", Cover.axes(0)).cover("t4", Cover.whole()),
        PLAIN.cover("t6", Cover.axes(2, 0)).cover("t7", Cover.axes(1, 3)),
        PLAIN.secondMoment(SecondMoment.average(0.9)),
        averaged.secondMoment(SecondMoment.average(0.99)).epsilon(1e-3),
        PLAIN.cover(Cover.singletons()).secondMoment(SecondMoment.average(0.5)),
        PLAIN.epsilon(1e-30),
        PLAIN.weightDecay(0.1, "t3", "t5"),
        averaged.weightDecay(0.01).rateMultiplier("t4", 0.5).rateMultiplier("t5", 0),
        PLAIN.clipByValue(0.7),
        PLAIN.maximise(),
        PLAIN.maximise().clipByValue(0.1).weightDecay(0.01),
        PLAIN.clipByGlobalNorm(3),
        averaged.clipByGlobalNorm(1e-3).maximise(),
        PLAIN.clipByGlobalNorm(1e9),
        PLAIN.clipByGlobalNorm(2).clipByValue(0.5),
        PLAIN.guard(Guard.UNCHECKED),
        PLAIN.algorithm(SM3_I),
        averaged.algorithm(SM3_I).epsilon(1e-3).weightDecay(0.1),
        PLAIN.algorithm(SM3_I).secondMoment(SecondMoment.average(0.9)).clipByValue(1),
        PLAIN.algorithm(SM3_I).cover(Cover.whole()).guard(Guard.UNCHECKED),
        PLAIN.algorithm(SM3_I).cover(Cover.singletons()).clipByGlobalNorm(3),
        PLAIN.guard(Guard.UNCHECKED).clipByGlobalNorm(3),
        Sm3.learningRate(Schedule.constant(0.1).warmup(3, 2)).momentum(Momentum.average(0.9)),
        Adam.learningRate(0.01),
        Adam.learningRate(0.01).weightDecay(0.1).betas(0, 0.99).clipByValue(1),
        Adam.learningRate(0.01).epsilon(0).clipByGlobalNorm(3));
  }

  private static List<Tensor> few(DataType weights, DataType gradient) {
    return tensors(FEW, weights, gradient);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyOption(Recipe recipe) {
    compare(FORWARDS.device(), recipe, few(DataType.FLOAT32, DataType.FLOAT32), 1);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void everyOptionBackwards(Recipe recipe) {
    compare(BACKWARDS.device(), recipe, few(DataType.FLOAT32, DataType.FLOAT32), 1);
  }

  static Stream<Arguments> types() {
    List<Arguments> all = new ArrayList<>();
    for (DataType weights : DataType.values()) {
      for (DataType gradient : DataType.values()) {
        all.add(Arguments.of(weights, gradient));
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("types")
  void everyType(DataType weights, DataType gradient) {
    for (Devices on : Devices.values()) {
      compare(on.device(), PLAIN, few(weights, gradient), 1);
    }
  }

  @ParameterizedTest
  @MethodSource("types")
  void everyTypeRoundedStochastically(DataType weights, DataType gradient) {
    Sm3 recipe =
        PLAIN.momentum(Momentum.average(0.9).stored(BFLOAT16)).rounding(Rounding.stochastic(7));
    compare(FORWARDS.device(), recipe, few(weights, gradient), 1);
    compare(
        BACKWARDS.device(),
        Adam.learningRate(0.01).rounding(Rounding.stochastic(-3)),
        few(weights, gradient),
        1);
  }

  @ParameterizedTest
  @EnumSource
  void tensorsOfAllTypesInOneStep(Devices on) {
    List<Tensor> mixed = new ArrayList<>();
    for (DataType weights : DataType.values()) {
      for (DataType gradient : DataType.values()) {
        for (Tensor each : few(weights, gradient)) {
          mixed.add(new Tensor(each.name() + weights + gradient, each.shape(), weights, gradient));
        }
      }
    }
    compare(on.device(), PLAIN.clipByGlobalNorm(5), mixed, 1);
  }

  @ParameterizedTest
  @ValueSource(floats = {1e-22f, 1e-12f, 1e12f, 1e16f})
  void gradientsSmallAndLarge(float size) {
    compare(FORWARDS.device(), PLAIN, few(DataType.FLOAT32, DataType.FLOAT32), size);
    compare(
        FORWARDS.device(),
        PLAIN.clipByGlobalNorm(1),
        few(DataType.FLOAT32, DataType.BFLOAT16),
        size);
  }

  @Test
  void squaresThatAddUpToInfinity() {
    // Each square is finite; their sum is not, and weights under it stand still.
    float[] values = new float[33 * 17];
    Arrays.fill(values, 1.5e19f);
    List<Tensor> one =
        List.of(new Tensor("w", Shape.of(33, 17), DataType.FLOAT32, DataType.FLOAT32));
    for (Guard guard : Guard.values()) {
      try (Comparison comparison = new Comparison(FORWARDS.device(), PLAIN.guard(guard), one, 1)) {
        for (int t = 0; t < 3; t++) {
          comparison.step(Map.of("w", values));
        }
        assertThat(comparison.optimizer.accumulators("w")[0][0]).isInfinite();
      }
    }
  }

  @Test
  void aNormIsSummedInCoresOrder() {
    // Several stretches to a tensor, whose last is not full.
    compare(
        FORWARDS.device(),
        PLAIN.clipByGlobalNorm(0.1),
        tensors(
            List.of(Shape.of(517, 383), Shape.of(3), Shape.of(70_001)),
            DataType.FLOAT32,
            DataType.FLOAT32),
        1);
  }

  /** One step from a value to its neighbourhood, for every float16 there is. */
  @Test
  void everyFloat16IsReadAsCoreReadsIt() {
    List<Tensor> all =
        List.of(new Tensor("all", Shape.of(256, 256), DataType.FLOAT32, DataType.FLOAT16));
    try (Comparison comparison =
        new Comparison(FORWARDS.device(), PLAIN.guard(Guard.UNCHECKED), all, 1)) {
      float[] values = new float[1 << 16];
      for (int bits = 0; bits < values.length; bits++) {
        float value = Float.float16ToFloat((short) bits);
        values[bits] = Float.isFinite(value) ? value : 1;
      }
      comparison.step(Map.of("all", values));
    }
  }
}
