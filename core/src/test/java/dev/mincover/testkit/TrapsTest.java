package dev.mincover.testkit;

import static dev.mincover.testkit.Floats.assertEqualBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What other implementations of SM3 fell into, each by the name of the fall. */
class TrapsTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.5);

  static Stream<Sm3> recipes() {
    return Stream.of(Algorithm.values())
        .map(SM3::algorithm)
        .flatMap(sm3 ->
            Stream.of(
                sm3,
                sm3.secondMoment(SecondMoment.average(0.75)),
                sm3.momentum(Momentum.nesterov(0.5)),
                sm3.momentum(Momentum.average(0.5).stored(Momentum.Format.INT8))));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aScalarTrains(Sm3 recipe) {
    for (CoverKind kind : CoverKind.values()) {
      Cover cover = kind == CoverKind.SETS ? Cover.sets(new long[] {0}) : kind.of(1);
      try (var training = CoreRun.of(recipe.cover(cover), new float[] {2})) {
        training.step(3);
        training.step(3);
        assertThat(training.weights()).as("%s", kind).hasSize(1);
        assertThat(training.weights()[0]).as("%s", kind).isLessThan(2);
        assertThat(training.optimizer().accumulators("w"))
            .as("%s", kind)
            .isDeepEqualTo(new float[][] {{recipe.secondMoment().beta() == 1 ? 18 : 3.9375f}});
      }
    }
  }

  static Stream<int[]> emptyShapes() {
    return Stream.of(
        new int[] {0},
        new int[] {0, 3},
        new int[] {3, 0},
        new int[] {2, 0, 70},
        new int[] {0, 2, 3});
  }

  @ParameterizedTest
  @MethodSource("emptyShapes")
  void anEmptyTensorTrains(int[] shape) {
    recipes()
        .forEach(recipe -> {
          boolean sharedScales =
              shape.length == 1 && recipe.momentum().format() == Momentum.Format.INT8;
          for (CoverKind kind : CoverKind.values()) {
            try (var training = CoreRun.of(recipe.cover(kind.of(1, shape)), new float[0], shape)) {
              training.step();
              if (!sharedScales) {
                training.step(Gradient.rows(new long[0], new float[0]));
                // Rows may be named where they hold no weight.
                long[] rows = shape[0] == 0 ? new long[0] : new long[] {1, 0};
                training.step(Gradient.rows(rows, new float[0]));
              }
              assertThat(training.weights()).isEmpty();
              assertThat(training.mu())
                  .as("%s", kind)
                  .containsOnly(new float[training.mu().length]);
              assertThat(training.optimizer().steps()).isEqualTo(sharedScales ? 1 : 3);
            }
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void withoutMomentumThereIsNoBuffer(Momentum.Format format) {
    for (Momentum.Kind kind : Momentum.Kind.values()) {
      Sm3 none = SM3.momentum(new Momentum(kind, 0, format));
      try (var training = CoreRun.of(none, new float[12], 3, 4)) {
        training.step(Floats.filled(12, 1));
        assertThat(training.optimizer().stateBytes("w")).isEqualTo(4 * (3 + 4));
        assertThat(training.weights()).as("%s", kind).containsOnly(-0.5f);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSparseUpdateLeavesTheAccumulatorsOfUntouchedRowsAlone(Algorithm algorithm) {
    try (var training = CoreRun.of(SM3.algorithm(algorithm), new float[6], 3, 2)) {
      training.step(1, 2, 3, 4, 5, 6);
      assertThat(training.mu()).containsExactly(4, 16, 36, 25, 36);
      float[] before = training.weights();
      training.step(Gradient.rows(new long[] {1}, new float[] {1, 1}));
      assertThat(training.mu()[0]).as("row 0").isEqualTo(4);
      assertThat(training.mu()[2]).as("row 2").isEqualTo(36);
      assertThat(training.weights()[0]).isEqualTo(before[0]);
      assertThat(training.weights()[5]).isEqualTo(before[5]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void repeatedRowsAreAddedUpBeforeTheyAreSquared(Algorithm algorithm) {
    try (var training = CoreRun.of(SM3.algorithm(algorithm), new float[6], 3, 2)) {
      training.step(Gradient.rows(new long[] {2, 0, 2}, new float[] {1, 2, 5, 0, 3, -2}));
      assertThat(training.optimizer().accumulators("w"))
          .as("(1 + 3)^2 and (2 - 2)^2 in row 2, not 1 + 9 and 4 + 4")
          .isDeepEqualTo(new float[][] {{25, 0, 16}, {25, 0}});
      assertThat(training.weights()[5]).isZero();
    }
  }

  /** In bfloat16 they would stop at 256, in float16 at 2048. */
  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "FLOAT16"})
  void accumulatorsAreFloat32WhateverTheTypeOfWeightsAndGradients(DataType type) {
    int steps = type == DataType.BFLOAT16 ? 2000 : 5000;
    var builder =
        new CoreRun.Builder()
            .add("matrix", type, new float[4], 2, 2)
            .add("vector", type, new float[4], 4);
    Gradient ones = Gradient.dense(CoreRun.encode(Floats.filled(4, 1), type), type);
    for (Algorithm algorithm : Algorithm.values()) {
      try (var training = builder.bind(SM3.algorithm(algorithm), 1)) {
        for (int t = 0; t < steps; t++) {
          training.step(Map.of("matrix", ones, "vector", ones));
        }
        assertThat(training.mu("matrix")).containsOnly(steps);
        assertThat(training.mu("vector")).containsOnly(steps);
      }
    }
  }

  /** In float16 itself, 1e-8 is 0 and so is the square of 1e-4: 0 / sqrt(0 + 0) is NaN. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 1e-30, 1e-8})
  void aSmallEpsilonWithFloat16GivesNoNaN(double epsilon) {
    float least = Float.float16ToFloat((short) 1);
    float[] gradient = {0, 1e-4f, least, -0.0f};
    var builder = new CoreRun.Builder().add("w", DataType.FLOAT16, new float[4], 2, 2);
    try (var training = builder.bind(SM3.epsilon(epsilon), 1)) {
      for (int t = 0; t < 2; t++) {
        training.step(Gradient.dense(CoreRun.encode(gradient, DataType.FLOAT16), DataType.FLOAT16));
      }
      float[] w = training.weights();
      for (float each : w) {
        assertThat(each).isFinite();
      }
      assertThat(w[0]).isZero();
      assertThat(w[3]).isZero();
      assertThat(w[1]).isNegative();
      assertThat(w[2]).isNegative();
    }
  }

  /** optax, whose epsilon is 1e-8, moves by 0.0995, 1e-4 and 1e-11 of the learning rate. */
  @ParameterizedTest
  @ValueSource(floats = {1e-5f, 1e-8f, 1e-15f})
  void theFirstUpdateOfASmallGradientIsAsLongAsOfALargeOne(float g) {
    for (Algorithm algorithm : Algorithm.values()) {
      for (int[] shape :
          List.of(new int[0], new int[] {1}, new int[] {1, 1}, new int[] {1, 1, 1})) {
        try (var training = CoreRun.of(SM3.algorithm(algorithm), new float[1], shape)) {
          training.step(g);
          assertThat(training.weights()[0]).isCloseTo(-0.5f, within(1e-7f));
        }
      }
    }
  }

  @Test
  void aScheduleIsAccepted() {
    Schedule schedule = Schedule.constant(0.5).warmup(4, 2).cooldown(10, 0.3);
    try (var training = CoreRun.of(Sm3.learningRate(schedule), new float[1])) {
      double w = 0;
      for (int t = 1; t <= 10; t++) {
        training.step(1);
        w -= schedule.at(t) / Math.sqrt(t);
        assertThat((double) training.weights()[0]).as("step %d", t).isCloseTo(w, within(1e-6));
      }
      assertThat(schedule.at(1)).as("a schedule, not a constant").isNotEqualTo(schedule.at(4));
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void frozenLayersAndAbsentGradientsAreSkipped(Sm3 recipe) {
    float[] w = {1, 2, 3, 4};
    var builder =
        new CoreRun.Builder()
            .add("a", DataType.FLOAT32, w, 2, 2)
            .add("b", DataType.FLOAT32, w, 2, 2)
            .addFrozen("frozen", DataType.FLOAT32, w, 2, 2);
    try (var training = builder.bind(recipe, 1);
        var alone = CoreRun.of(recipe, w, 2, 2)) {
      Gradient gradient = Gradient.dense(new float[] {1, -2, 3, -4});
      training.step(Map.of());
      training.step(Map.of("a", gradient));
      training.step(Map.of("b", gradient));
      training.step(Map.of("a", gradient));
      alone.step(gradient);
      alone.step(gradient);
      assertEqualBits(training.weights("a"), alone.weights(), "steps without a gradient of a");
      assertEqualBits(training.mu("a"), alone.mu(), "mu of a");
      assertThat(training.weights("b")).isNotEqualTo(w).isNotEqualTo(training.weights("a"));
      assertThat(training.weights("frozen")).containsExactly(w);
      assertThat(training.optimizer().stateBytes("frozen")).isZero();
    }
  }

  /**
   * NaN, infinite, or infinite once squared: the accumulators of its row and column would keep it.
   */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e20f})
  void oneBadGradientIsRefusedAndNothingHasChanged(float bad) {
    Gradient good = Gradient.dense(new float[] {1, -2, 3, 4, -5, 6});
    List<Gradient> refused =
        List.of(
            Gradient.dense(new float[] {1, 1, 1, bad, 1, 1}),
            Gradient.rows(new long[] {2, 1, 2}, new float[] {1, 1, 1, bad, 1, 1}));
    recipes()
        .forEach(recipe -> {
          for (CoverKind kind : CoverKind.values()) {
            Sm3 covered = recipe.cover("bad", kind.of(1, 3, 2));
            float[] w = {1, 2, 3, 4, 5, 6};
            var builder =
                new CoreRun.Builder()
                    .add("good", DataType.FLOAT32, w, 3, 2)
                    .add("bad", DataType.FLOAT32, w, 3, 2);
            try (var training = builder.bind(covered, 1);
                var spared = builder.bind(covered, 1)) {
              training.step(Map.of("good", good, "bad", good));
              spared.step(Map.of("good", good, "bad", good));
              for (Gradient gradient : refused) {
                assertThatThrownBy(() -> training.step(Map.of("good", good, "bad", gradient)))
                    .isInstanceOf(NonFiniteGradientException.class)
                    .hasMessageContaining("'bad'")
                    .hasMessageContaining("[1, 1]");
                assertThat(training.optimizer().steps()).isEqualTo(1);
                for (String name : List.of("good", "bad")) {
                  assertEqualBits(
                      training.weights(name), spared.weights(name), "weights of " + name);
                  assertEqualBits(training.mu(name), spared.mu(name), "mu of " + name);
                }
              }
              // Momentum is seen only in what comes next.
              training.step(Map.of("good", good, "bad", good));
              spared.step(Map.of("good", good, "bad", good));
              assertEqualBits(
                  training.weights("good"), spared.weights("good"), "good, one step on");
              assertEqualBits(training.weights("bad"), spared.weights("bad"), "bad, one step on");
            }
          }
        });
  }
}
