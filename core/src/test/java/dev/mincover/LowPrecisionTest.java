package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Momentum;
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
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights, gradients and momentum in fewer bits. */
class LowPrecisionTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"BFLOAT16", "FLOAT16"})
  void stochasticRoundingLearnsWhereNearestStalls(DataType type) {
    // Steps of 1e-5 from 1: a hundredth of half the distance to the next bfloat16, at most.
    int n = 1_000;
    int steps = 500;
    double nearest = mean(stepped(type, n, steps, Rounding.nearest()), type);
    double stochastic = mean(stepped(type, n, steps, Rounding.stochastic(1)), type);
    assertThat(nearest).isEqualTo(1);
    // In float32 each weight would move by 0.005; the mean of 1,000 is within five deviations.
    double spacing = type == DataType.BFLOAT16 ? 1.0 / 256 : 1.0 / 2048;
    double deviation = Math.sqrt(0.005 * spacing / n);
    assertThat(stochastic).isCloseTo(0.995, within(5 * deviation));
  }

  private static short[] stepped(DataType type, int n, int steps, Rounding rounding) {
    short[] w = new short[n];
    Arrays.fill(w, encode(1, type));
    float[] ones = new float[n];
    Arrays.fill(ones, 1);
    // The sum of t unit squares is t: the root in the rate makes every step 1e-5.
    Sm3 recipe = Sm3.learningRate(step -> 1e-5 * Math.sqrt((double) step)).rounding(rounding);
    try (var bound =
        Optimizer.bind(
            recipe, List.of(Parameter.of("w", Shape.of(n), MemorySegment.ofArray(w), type)))) {
      for (int t = 0; t < steps; t++) {
        bound.step(Map.of("w", Gradient.dense(ones)));
      }
    }
    return w;
  }

  @ParameterizedTest
  @EnumSource(DataType.class)
  void gradientsOfAnyTypeGiveTheSameBits(DataType type) {
    Random random = new Random(9);
    float[] w = new float[257 * 3];
    float[] twin = new float[257 * 3];
    try (var a = Optimizer.bind(SM3, List.of(Parameter.of("w", w, 3, 257)));
        var b = Optimizer.bind(SM3, List.of(Parameter.of("w", twin, 3, 257)))) {
      for (int t = 0; t < 3; t++) {
        float[] exact = new float[w.length];
        for (int i = 0; i < w.length; i++) {
          exact[i] = random.nextInt(-128, 128) / 64f; // Fits every type.
        }
        a.step(Map.of("w", Gradient.dense(exact)));
        b.step(Map.of("w", Gradient.dense(encode(exact, type), type)));
      }
      assertThat(twin).isEqualTo(w);
    }
  }

  @Test
  void sixteenBitWeightsAreFloat32StepsRounded() {
    Random random = new Random(4);
    int n = 500;
    short[] w = new short[n];
    float[] twin = new float[n];
    for (int i = 0; i < n; i++) {
      w[i] = encode((float) random.nextGaussian(), DataType.FLOAT16);
    }
    Sm3 recipe = SM3.momentum(Momentum.average(0.9)).weightDecay(0.1);
    Parameter half = Parameter.of("w", Shape.of(n), MemorySegment.ofArray(w), DataType.FLOAT16);
    try (var a = Optimizer.bind(recipe, List.of(half));
        var b = Optimizer.bind(recipe, List.of(Parameter.of("w", twin, n)))) {
      for (int t = 0; t < 5; t++) {
        float[] g = new float[n];
        for (int i = 0; i < n; i++) {
          g[i] = (float) random.nextGaussian();
          twin[i] = Float.float16ToFloat(w[i]);
        }
        a.step(Map.of("w", Gradient.dense(g)));
        b.step(Map.of("w", Gradient.dense(g)));
        for (int i = 0; i < n; i++) {
          assertThat(w[i]).isEqualTo(Float.floatToFloat16(twin[i]));
        }
      }
    }
  }

  @Test
  void randomBitsDependOnSeedStepAndNameOnly() {
    int n = 70_000;
    short[] base = trained("w", 1, 1, n);
    assertThat(trained("w", 1, 1, n)).isEqualTo(base);
    assertThat(trained("w", 1, 3, n)).isEqualTo(base);
    assertThat(trained("w", 2, 1, n)).isNotEqualTo(base);
    assertThat(trained("v", 1, 1, n)).isNotEqualTo(base);
  }

  private static short[] trained(String name, long seed, int threads, int n) {
    Random random = new Random(8);
    short[] w = new short[n];
    float[] g = new float[n];
    for (int i = 0; i < n; i++) {
      w[i] = encode((float) random.nextGaussian(), DataType.BFLOAT16);
      g[i] = (float) random.nextGaussian();
    }
    Parameter parameter =
        Parameter.of(name, Shape.of(7, n / 7), MemorySegment.ofArray(w), DataType.BFLOAT16);
    Sm3 recipe =
        SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16))
            .rounding(Rounding.stochastic(seed));
    try (var bound = Optimizer.bind(recipe, List.of(parameter), threads)) {
      bound.step(Map.of(name, Gradient.dense(g)));
      bound.step(Map.of(name, Gradient.dense(g)));
    }
    return w;
  }

  /** How far momentum in a small format is from float32 momentum, as the way of the weights. */
  @ParameterizedTest
  @EnumSource(
      value = Momentum.Format.class,
      names = {"BFLOAT16", "INT8"})
  void smallMomentumStaysCloseToFloat32(Momentum.Format format) {
    double error = wayDifference(format, Momentum.average(0.9));
    double most = format == Momentum.Format.BFLOAT16 ? 0.003 : 0.03;
    // Exactly equal would mean that the format was not used at all.
    assertThat(error).isPositive().isLessThan(most);
  }

  private static double wayDifference(Momentum.Format format, Momentum momentum) {
    Random random = new Random(2);
    int rows = 64;
    int columns = 200;
    float[] scale = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      double row = Math.exp(random.nextGaussian());
      for (int j = 0; j < columns; j++) {
        scale[i * columns + j] = (float) (row * Math.exp(0.5 * random.nextGaussian()));
      }
    }
    float[] w = new float[rows * columns];
    float[] small = new float[rows * columns];
    try (var a =
            Optimizer.bind(SM3.momentum(momentum), List.of(Parameter.of("w", w, rows, columns)));
        var b =
            Optimizer.bind(
                SM3.momentum(momentum.stored(format)),
                List.of(Parameter.of("w", small, rows, columns)))) {
      for (int t = 0; t < 200; t++) {
        float[] g = new float[w.length];
        for (int i = 0; i < g.length; i++) {
          g[i] = scale[i] * (float) (random.nextGaussian() + 0.1);
        }
        a.step(Map.of("w", Gradient.dense(g)));
        b.step(Map.of("w", Gradient.dense(g)));
      }
    }
    double difference = 0;
    double way = 0;
    for (int i = 0; i < w.length; i++) {
      difference += Math.pow(small[i] - w[i], 2);
      way += Math.pow(w[i], 2);
    }
    return Math.sqrt(difference / way);
  }

  private static double mean(short[] values, DataType type) {
    double sum = 0;
    for (short value : values) {
      sum +=
          type == DataType.BFLOAT16
              ? Float.intBitsToFloat(value << 16)
              : Float.float16ToFloat(value);
    }
    return sum / values.length;
  }

  private static MemorySegment encode(float[] values, DataType type) {
    if (type == DataType.FLOAT32) {
      return MemorySegment.ofArray(values);
    }
    short[] encoded = new short[values.length];
    for (int i = 0; i < values.length; i++) {
      encoded[i] = encode(values[i], type);
    }
    return MemorySegment.ofArray(encoded);
  }

  private static short encode(float value, DataType type) {
    return type == DataType.BFLOAT16
        ? (short) ((Float.floatToRawIntBits(value) + 0x8000) >>> 16)
        : Float.floatToFloat16(value);
  }
}
