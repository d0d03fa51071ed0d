package dev.mincover;

import static dev.mincover.tensor.DataType.FLOAT32;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class OptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  @Test
  void firstStepMovesEachWeightByTheLearningRate() {
    float[] w = {1, 1, 1, 1};
    try (var bound = Optimizer.bind(SM3, List.of(Parameter.of("w", w, 2, 2)))) {
      bound.step(Map.of("w", Gradient.dense(new float[] {2, -3, 0, 1e-5f})));
      assertThat(w).containsExactly(1 - 0.1f, 1 + 0.1f, 1, 1 - 0.1f);
      assertThat(bound.accumulators("w")).isDeepEqualTo(new float[][] {{9, 1e-5f * 1e-5f}, {4, 9}});
      assertThat(bound.steps()).isEqualTo(1);
    }
  }

  @Test
  void stateIsTheSumOfTheDimensionsAndAsMuchMoreAsMomentumTakes() {
    Parameter matrix = Parameter.of("matrix", new float[100 * 30], 100, 30);
    Parameter scalar = Parameter.of("scalar", new float[1]);
    Parameter frozen = Parameter.of("frozen", new float[50], 50).freeze();
    try (var plain = Optimizer.bind(SM3, List.of(matrix, scalar, frozen));
        var heavy =
            Optimizer.bind(SM3.momentum(Momentum.average(0.9)), List.of(matrix, scalar, frozen))) {
      assertThat(plain.stateBytes("matrix")).isEqualTo(4 * (100 + 30));
      assertThat(plain.stateBytes("scalar")).isEqualTo(4);
      assertThat(plain.stateBytes("frozen")).isZero();
      assertThat(heavy.stateBytes("matrix")).isEqualTo(4 * (100 + 30 + 3000));
      assertThat(heavy.stateBytes("scalar")).isEqualTo(8);
      assertThat(plain.stateBytes()).isEqualTo(4 * (100 + 30) + 4 + plain.scratchBytes());
      assertThat(plain.scratchBytes()).isPositive().isLessThan(4 * 200);
    }
  }

  @Test
  void absentGradientsLeaveEverythingAsItWas() {
    float[] a = {1};
    float[] b = {1};
    Sm3 recipe = SM3.momentum(Momentum.average(0.5)).secondMoment(SecondMoment.average(0.5));
    try (var bound =
        Optimizer.bind(recipe, List.of(Parameter.of("a", a, 1), Parameter.of("b", b, 1)))) {
      Gradient one = Gradient.dense(new float[] {1});
      bound.step(Map.of("a", one, "b", one));
      float before = b[0];
      bound.step(Map.of("a", one));
      bound.step(Map.of());
      assertThat(b[0]).isEqualTo(before).isNotEqualTo(1);
      assertThat(bound.accumulators("b")[0]).containsExactly(0.5f);
      bound.step(Map.of("b", one));
      assertThat(b[0]).isEqualTo(a[0]);
    }
  }

  @Test
  void everythingIsCheckedBeforeAnythingChanges() {
    float[] a = {1, 2};
    float[] b = {3};
    MemorySegment freed;
    try (Arena arena = Arena.ofConfined()) {
      freed = arena.allocate(4);
    }
    Parameter frozen = Parameter.of("frozen", new float[1], 1).freeze();
    Gradient good = Gradient.dense(new float[] {1, 1});
    try (var bound =
        Optimizer.bind(SM3, List.of(Parameter.of("a", a, 2), Parameter.of("b", b, 1), frozen))) {
      refuses(() -> bound.step(Map.of("a", good, "b", good)), "'b' has 8 bytes", "needs 4 bytes");
      refuses(() -> bound.step(Map.of("a", good, "c", good)), "no parameter is named 'c'", "[a, b");
      refuses(() -> bound.step(Map.of("a", good, "frozen", good)), "'frozen' is frozen");
      refuses(
          () -> bound.step(Map.of("a", good, "b", Gradient.dense(freed))),
          "gradient of parameter 'b' was freed");
      assertThat(a).containsExactly(1, 2);
      assertThat(b).containsExactly(3);
      assertThat(bound.accumulators("a")[0]).containsOnly(0);
      assertThat(bound.steps()).isZero();
    }
    try (var bound =
        Optimizer.bind(Sm3.learningRate(step -> Double.NaN), List.of(Parameter.of("a", a, 2)))) {
      refuses(() -> bound.step(Map.of("a", good)), "learning rate of NaN at step 1");
      assertThat(a).containsExactly(1, 2);
    }
  }

  @Test
  void memoryOfOneThreadIsRefusedWhereSeveralShareAStep() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment confined = arena.allocate(8);
      Parameter w = Parameter.of("w", Shape.of(2), confined);
      Map<String, Gradient> gradients = Map.of("w", Gradient.dense(new float[] {1, 1}));
      try (var one = Optimizer.bind(SM3, List.of(w));
          var two = Optimizer.bind(SM3, List.of(w), 2)) {
        one.step(gradients);
        refuses(() -> two.step(gradients), "weights of parameter 'w' is confined to one thread");
        assertThat(two.steps()).isZero();
      }
    }
  }

  @Test
  void aRateThatOverflowsFloat32IsRefused() {
    float[] w = {1};
    try (var bound = Optimizer.bind(Sm3.learningRate(1e39), List.of(Parameter.of("w", w, 1)))) {
      refuses(
          () -> bound.step(Map.of("w", Gradient.dense(new float[1]))),
          "learning rate of 1.0E39 at step 1");
      assertThat(w).containsExactly(1);
    }
  }

  @Test
  void refusesParametersThatCannotBeBound() {
    float[] w = new float[6];
    Parameter a = Parameter.of("a", w, 6);
    refuses(() -> Optimizer.bind(SM3, List.of(a, a)), "two parameters are named 'a'");
    refuses(
        () -> Optimizer.bind(SM3, List.of(a, Parameter.of("b", w, 2, 3))),
        "'a' and 'b' share memory");
    MemorySegment memory = Arena.ofAuto().allocate(40);
    refuses(
        () ->
            Optimizer.bind(
                SM3,
                List.of(
                    Parameter.of("c", Shape.of(2), memory.asSlice(16, 8)),
                    Parameter.of("d", Shape.of(4), memory.asSlice(4, 16)))),
        "'d' and 'c' share memory");
    refuses(
        () -> Optimizer.bind(SM3, List.of(a, Parameter.of("f", w, 6).freeze())),
        "'a' and 'f' share");
    refuses(() -> Optimizer.bind(SM3, List.of(a), 0), "threads is 0");
    refuses(() -> Parameter.of("a", w, 7), "needs 28 bytes", "has 24");
    refuses(() -> Parameter.of("", w, 6), "empty name");
    refuses(
        () -> Parameter.of("r", Shape.of(6), MemorySegment.ofArray(w).asReadOnly()), "read-only");
    refuses(() -> Shape.of(2, -1), "dimension 1 of shape [2, -1] is negative");
    refuses(() -> Shape.of(1L << 40, 1L << 40), "64 bits");
  }

  @Test
  void everyOverlapIsSeen() {
    MemorySegment array = MemorySegment.ofArray(new float[100]);
    Parameter all = Parameter.of("all", Shape.of(100), array).freeze();
    Parameter small = Parameter.of("small", Shape.of(10), array.asSlice(40, 40)).freeze();
    Parameter learning = Parameter.of("learning", Shape.of(10), array.asSlice(200, 40));
    Optimizer.bind(SM3, List.of(all, small)).close(); // Frozen ones are only read.
    // The one between them in memory is no reason to look no further.
    refuses(() -> Optimizer.bind(SM3, List.of(all, small, learning)), "share memory");
    refuses(() -> Optimizer.bind(SM3, List.of(learning, small, all)), "share memory");
    for (int i = 0; i < 50; i++) {
      // What array a read-only segment is of cannot be asked.
      MemorySegment other = MemorySegment.ofArray(new float[10]);
      Parameter view = new Parameter("view", Shape.of(10), other.asReadOnly(), FLOAT32, true);
      Parameter twin = Parameter.of("twin", Shape.of(10), other);
      refuses(() -> Optimizer.bind(SM3, List.of(view, learning, twin)), "share memory");
      Optimizer.bind(SM3, List.of(view, learning)).close();
    }
  }

  @Test
  @SuppressWarnings("MustBeClosedChecker") // Closed too early, on purpose.
  void aStepThatFailsHalfWayIsTheLast() {
    float[] w = {1, 1};
    Arena arena = Arena.ofShared();
    Map<String, Gradient> gradients = Map.of("w", Gradient.dense(arena.allocate(8)));
    // Asked once all memory has been checked, as another thread might free it then.
    Schedule frees =
        step -> {
          if (step == 2) {
            arena.close();
          }
          return 0.1;
        };
    Sm3 recipe = Sm3.learningRate(frees).guard(Guard.UNCHECKED);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)))) {
      bound.step(gradients);
      refuses(() -> bound.step(gradients), "closed");
      Map<String, Gradient> good = Map.of("w", Gradient.dense(new float[2]));
      refuses(() -> bound.step(good), "failed half way", "bind again");
      assertThat(bound.steps()).isEqualTo(1);
    }
  }

  @Test
  void aClosedOptimizerHoldsNoMemory() {
    var bound = Optimizer.bind(SM3, List.of(Parameter.of("w", new float[6], 2, 3)));
    assertThat(bound.stateBytes("w")).isEqualTo(20);
    bound.close();
    assertThat(bound.stateBytes()).isZero();
    assertThat(bound.stateBytes("w")).isZero();
    assertThat(bound.scratchBytes()).isZero();
  }

  @Test
  void neighboursInOneArrayMayBeBound() {
    MemorySegment memory = MemorySegment.ofArray(new float[6]);
    try (var bound =
        Optimizer.bind(
            SM3,
            List.of(
                Parameter.of("right", Shape.of(3), memory.asSlice(12)),
                Parameter.of("left", Shape.of(3), memory.asSlice(0, 12)),
                Parameter.of("empty", Shape.of(0), memory.asSlice(4, 0))))) {
      assertThat(bound.parameters()).hasSize(3);
    }
  }

  @Test
  void refusesRecipesOutOfRange() {
    refuses(() -> Sm3.learningRate(-1), "learning rate is -1.0");
    refuses(() -> Momentum.average(1), "momentum beta is 1.0");
    refuses(() -> SecondMoment.average(0), "second-moment beta is 0.0");
    refuses(() -> SM3.epsilon(-1e-3), "epsilon is -0.001");
    refuses(() -> SM3.epsilon(1e-60), "is 0 in float32");
    refuses(() -> SM3.epsilon(Double.NaN), "epsilon is NaN");
  }

  @Test
  void theScheduleIsAskedForStepsFromOne() {
    float[] w = {0};
    Schedule schedule = step -> step;
    try (var bound = Optimizer.bind(Sm3.learningRate(schedule), List.of(Parameter.of("w", w)))) {
      Map<String, Gradient> one = Map.of("w", Gradient.dense(new float[] {1}));
      bound.step(one);
      assertThat(w[0]).isEqualTo(-1);
      bound.step(one);
      assertThat(w[0]).isEqualTo(-1 - 2 * (1 / (float) Math.sqrt(2)));
    }
  }

  @Test
  void closedMeansClosed() {
    float[] w = {1};
    var bound = Optimizer.bind(SM3, List.of(Parameter.of("w", w, 1)), 2);
    bound.close();
    bound.close();
    refuses(() -> bound.step(Map.of()), "closed");
    refuses(() -> bound.accumulators("w"), "closed");
    assertThat(w).containsExactly(1);
  }

  private static void refuses(Runnable action, String... words) {
    Consumer<Throwable> isClear =
        thrown ->
            assertThat(thrown)
                .isInstanceOfAny(IllegalArgumentException.class, IllegalStateException.class)
                .message()
                .contains(words);
    assertThatThrownBy(action::run).satisfies(isClear);
  }
}
