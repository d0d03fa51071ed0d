package dev.mincover.testkit;

import static dev.mincover.testkit.Floats.assertEqualBits;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A sparse gradient is the dense one with zeros: equal bits, over random runs whose seed a failure
 * shows.
 */
class CoreSparseTest {

  private static final int STEPS = 14;

  private static final float ETA = 0.125f;

  private static final List<Sm3> RECIPES =
      Stream.of(Algorithm.values())
          .map(Sm3.learningRate(ETA)::algorithm)
          .flatMap(sum -> Stream.of(sum, sum.secondMoment(SecondMoment.average(0.9))))
          .toList();

  /** What must not matter: it takes turns by seed. */
  private static Sm3 varied(Sm3 recipe, long seed) {
    Sm3 varied = recipe.rounding(Rounding.stochastic(seed));
    return switch ((int) (seed / 4 % 4)) {
      case 0 -> varied.epsilon(1e-6).maximise();
      case 1 -> varied.clipByValue(0.5);
      case 2 -> varied.guard(Guard.UNCHECKED);
      default -> varied;
    };
  }

  private static final List<DataType> TYPES = List.of(DataType.values());

  private static final List<CoverKind> KINDS = List.of(CoverKind.values());

  private static <T> T any(List<T> choices, SplittableRandom random) {
    return choices.get(random.nextInt(choices.size()));
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("dev.mincover.testkit.RandomSparse#seeds")
  void sparseIsDenseWithZeros(long seed) {
    int[] shape = RandomSparse.shape(seed);
    int size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    for (Sm3 plain : RECIPES) {
      var random = new SplittableRandom(seed);
      Sm3 recipe = varied(plain, seed);
      var builder = new CoreRun.Builder();
      for (CoverKind kind : CoverKind.values()) {
        recipe = recipe.cover(kind.name(), kind.of(seed, shape));
        // Often float32; stochastic rounding of the others must not show either.
        DataType type = random.nextBoolean() ? DataType.FLOAT32 : any(TYPES, random);
        builder.add(kind.name(), type, Floats.random(random, size), shape);
      }
      try (var dense = builder.bind(recipe, 1);
          var sparse = builder.bind(recipe, 1)) {
        for (int t = 1; t <= STEPS; t++) {
          Map<String, Gradient> zeros = new HashMap<>();
          Map<String, Gradient> rows = new HashMap<>();
          for (CoverKind kind : CoverKind.values()) {
            var given = RandomSparse.rows(random, shape);
            if (random.nextInt(12) == 0) {
              continue; // No gradient at all: not a step of this parameter.
            }
            Gradient all = Gradient.dense(given.dense(size, shape[0]));
            zeros.put(kind.name(), all);
            boolean sparsely = random.nextInt(5) != 0;
            rows.put(kind.name(), sparsely ? given.gradient(any(TYPES, random)) : all);
          }
          dense.step(zeros);
          sparse.step(rows);
          boolean look = random.nextInt(4) == 0 || t == STEPS;
          for (CoverKind kind : CoverKind.values()) {
            String what =
                "%s, %s, %s of shape %s, step %d"
                    .formatted(
                        plain.algorithm(), plain.secondMoment(), kind, Arrays.toString(shape), t);
            assertEqualBits(
                sparse.weights(kind.name()), dense.weights(kind.name()), "weights, " + what);
            if (look) {
              // Looking settles what was left for later; that must not change what follows.
              assertEqualBits(sparse.mu(kind.name()), dense.mu(kind.name()), "mu, " + what);
            }
          }
        }
      }
    }
  }

  /** A row left out until its accumulators have sunk through the subnormal numbers. */
  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.9, 0.99})
  void aRowLeftOutForLongHasFadedToTheSameBits(double beta) {
    for (CoverKind kind : CoverKind.values()) {
      Sm3 recipe =
          Sm3.learningRate(ETA).secondMoment(SecondMoment.average(beta)).cover(kind.of(1, 2, 3));
      try (var dense = CoreRun.of(recipe, new float[6], 2, 3);
          var sparse = CoreRun.of(recipe, new float[6], 2, 3)) {
        float[] impulse = {1e-17f, 2e-18f, 0, 3e-18f, 0, 1e-18f};
        dense.step(impulse);
        sparse.step(Gradient.rows(new long[] {0, 1}, impulse));
        for (int t = 0; t < 1500; t++) {
          dense.step(new float[6]);
          sparse.step(Gradient.rows(new long[] {1}, new float[3]));
        }
        float[] again = {0, 1e-20f, 1e-19f};
        dense.step(Arrays.copyOf(again, 6));
        sparse.step(Gradient.rows(new long[] {0}, again));
        assertEqualBits(sparse.weights(), dense.weights(), "weights under " + kind);
        assertEqualBits(sparse.mu(), dense.mu(), "mu under " + kind);
      }
    }
  }

  /** A moving average goes by steps, and one without rows is a step. */
  @ParameterizedTest
  @EnumSource
  void aGradientOfNoRowsIsAStep(CoverKind kind) {
    for (Sm3 plain : RECIPES) {
      Sm3 recipe = plain.cover(kind.of(1, 3, 4));
      float[] first = Floats.random(new SplittableRandom(3), 12);
      try (var dense = CoreRun.of(recipe, new float[12], 3, 4);
          var sparse = CoreRun.of(recipe, new float[12], 3, 4)) {
        dense.step(first);
        sparse.step(first);
        dense.step(new float[12]);
        sparse.step(Gradient.rows(new long[0], new float[0]));
        assertThat(sparse.optimizer().steps()).isEqualTo(2);
        assertEqualBits(sparse.mu(), dense.mu(), "mu, " + recipe);
      }
    }
  }

  /** Rows fade by themselves even if the accumulators of axis 0 are not the first to be shown. */
  @Test
  void aRowLeftOutFadesWhicheverAxisIsNamedFirst() {
    Sm3 recipe =
        Sm3.learningRate(ETA).secondMoment(SecondMoment.average(0.5)).cover(Cover.axes(1, 0));
    // Long rows, so that both axes pick the row.
    try (var training = CoreRun.of(recipe, new float[2 * 2 * 64], 2, 2, 64)) {
      training.step(Floats.filled(2 * 2 * 64, 1));
      training.step(Gradient.rows(new long[] {1}, new float[2 * 64]));
      assertThat(training.optimizer().accumulators("w"))
          .isDeepEqualTo(new float[][] {{0.25f, 0.25f}, {0.25f, 0.25f}});
    }
  }

  /** Climbing must not turn a gradient of 0 into one of -0: -0 - -0 is 0. */
  @Test
  void climbingLeavesAWeightOfMinusZeroAlone() {
    Sm3 recipe = Sm3.learningRate(ETA).maximise();
    try (var dense = CoreRun.of(recipe, new float[2], 2, 1);
        var sparse = CoreRun.of(recipe, new float[2], 2, 1)) {
      for (CoreRun each : List.of(dense, sparse)) {
        each.step(1, 1); // Where nu is 0, updates are 0 anyway.
        each.setWeights(-0.0f, 1);
      }
      dense.step(0, 1);
      sparse.step(Gradient.rows(new long[] {1}, new float[] {1}));
      assertThat(Float.floatToRawIntBits(sparse.weights()[0])).isEqualTo(Integer.MIN_VALUE);
      assertEqualBits(dense.weights(), sparse.weights(), "weights");
    }
  }

  static Stream<Momentum> momenta() {
    return Stream.of(Momentum.average(0.9), Momentum.heavyBall(0.5), Momentum.nesterov(0.75))
        .flatMap(momentum -> Stream.of(momentum, momentum.stored(Momentum.Format.BFLOAT16)));
  }

  /**
   * Momentum and decay reach the rows that are touched and no others. Accumulators do not depend on
   * weights, so that a twin without momentum and eta = 1 tells u: it is what it moves weights of 0
   * by.
   */
  @ParameterizedTest
  @MethodSource("momenta")
  void momentumAndDecayReachTouchedRowsAlone(Momentum momentum) {
    for (long seed = 0; seed < 24; seed++) {
      var random = new SplittableRandom(seed);
      int[] shape = RandomSparse.shape(seed);
      int size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
      int width = size / shape[0];
      CoverKind kind = any(KINDS, random);
      Sm3 recipe =
          RECIPES
              .get(random.nextInt(RECIPES.size()))
              .cover(kind.of(seed, shape))
              .momentum(momentum)
              .weightDecay(0.5);
      Sm3 twin =
          recipe.momentum(Momentum.none()).weightDecay(0).with(Sm3.learningRate(1).options());
      float[] w = Floats.random(random, size);
      float[] m = new float[size];
      try (var training = CoreRun.of(recipe, w, shape);
          var plain = CoreRun.of(twin, w, shape)) {
        for (int t = 1; t <= STEPS; t++) {
          var given = RandomSparse.rows(random, shape);
          training.step(given.gradient(DataType.FLOAT32));
          plain.setWeights(new float[size]);
          plain.step(given.gradient(DataType.FLOAT32));
          float[] u = plain.weights();
          for (int i = 0; i < size; i++) {
            if (given.touches(i / width)) {
              m[i] =
                  momentum.kind() == Momentum.Kind.AVERAGE
                      ? 0.9f * m[i] + (float) (1 - 0.9) * -u[i]
                      : (float) momentum.beta() * m[i] - u[i];
              float direction =
                  momentum.kind() == Momentum.Kind.NESTEROV ? -u[i] + 0.75f * m[i] : m[i];
              w[i] = (1 - 0.5f * ETA) * w[i] - ETA * direction;
              m[i] = stored(m[i], momentum.format());
            }
          }
          assertEqualBits(
              training.weights(),
              w,
              "weights of seed %d, %s, after step %d".formatted(seed, kind, t));
        }
      }
    }
  }

  /** Rounded to nearest even where it is kept in bfloat16. */
  private static float stored(float m, Momentum.Format format) {
    if (format == Momentum.Format.FLOAT32) {
      return m;
    }
    int bits = Float.floatToRawIntBits(m);
    int rounded = (bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000;
    return Float.intBitsToFloat(rounded);
  }

  /** The same from the other side, for momentum in every format. */
  @ParameterizedTest
  @EnumSource
  void touchedRowsGoAsInTheDenseStep(Momentum.Format format) {
    for (Momentum.Kind kind : Momentum.Kind.values()) {
      for (CoverKind cover : CoverKind.values()) {
        int[] shape = {5, 3, 67};
        int width = 3 * 67;
        var random = new SplittableRandom(4);
        Sm3 recipe =
            Sm3.learningRate(ETA)
                .cover(cover.of(2, shape))
                .momentum(new Momentum(kind, 0.75, format))
                .weightDecay(0.25);
        float[] w = Floats.random(random, 5 * width);
        try (var dense = CoreRun.of(recipe, w, shape);
            var sparse = CoreRun.of(recipe, w, shape)) {
          for (int t = 0; t < 3; t++) {
            float[] all = Floats.random(random, 5 * width);
            dense.step(all);
            sparse.step(Gradient.rows(new long[] {0, 1, 2, 3, 4}, all));
            assertEqualBits(sparse.weights(), dense.weights(), "all rows, " + recipe);
          }
          float[] before = sparse.weights();
          float[] two = Floats.random(random, 2 * width);
          float[] zeros = new float[5 * width];
          System.arraycopy(two, 0, zeros, 3 * width, width);
          System.arraycopy(two, width, zeros, width, width);
          dense.step(zeros);
          sparse.step(Gradient.rows(new long[] {3, 1}, two));
          float[] coasted = dense.weights();
          float[] expected = before.clone();
          for (int row : new int[] {1, 3}) {
            System.arraycopy(coasted, row * width, expected, row * width, width);
          }
          assertEqualBits(sparse.weights(), expected, "rows 1 and 3, " + recipe);
          assertThat(coasted[0]).as("row 0 coasts in the dense step").isNotEqualTo(before[0]);
          assertEqualBits(sparse.mu(), dense.mu(), "mu, " + recipe);
        }
      }
    }
  }
}
