package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Configurable;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gradients that no step can be taken from. */
class GuardTest {

  /** The NaN that 0 / 0 gives on x86 has its sign set. */
  private static final float NEGATIVE_NAN = Float.intBitsToFloat(0xffc00000);

  static Stream<Configurable<?>> recipes() {
    Sm3 sm3 = Sm3.learningRate(0.1);
    return Stream.of(
        sm3,
        sm3.momentum(Momentum.average(0.9)),
        sm3.algorithm(Sm3.Algorithm.SM3_I),
        sm3.clipByGlobalNorm(1),
        Sm3.adaGrad(0.1),
        Adam.learningRate(0.1),
        Adafactor.relativeStep());
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void refusesBeforeAnythingChangesAndNamesParameterAndIndex(Configurable<?> recipe) {
    for (float bad :
        new float[] {Float.NaN, NEGATIVE_NAN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY}) {
      float[] a = {1, 2};
      float[] b = new float[6];
      try (var bound =
          Optimizer.bind(recipe, List.of(Parameter.of("a", a, 2), Parameter.of("b", b, 3, 2)), 2)) {
        Gradient good = Gradient.dense(new float[] {1, 1});
        bound.step(Map.of("a", good));
        float[] before = a.clone();
        float[] gradient = {1, 1, 1, 1, bad, 1};
        var refusal =
            catchThrowableOfType(
                NonFiniteGradientException.class,
                () -> bound.step(Map.of("a", good, "b", Gradient.dense(gradient))));
        assertThat(refusal)
            .hasMessageContaining("parameter 'b' is " + bad + " at [2, 0]")
            .hasMessageContaining("nothing was changed");
        assertThat(refusal.parameter()).isEqualTo("b");
        assertThat(refusal.index()).containsExactly(2, 0);
        assertThat(refusal.changed()).isFalse();
        assertThat(a).isEqualTo(before);
        assertThat(b).containsOnly(0);
        assertThat(bound.accumulators("b")[0]).containsOnly(0);
        assertThat(bound.steps()).isEqualTo(1);
      }
    }
  }

  @Test
  void namesGradientsWhoseSquareOverflows() {
    float[] w = {1, 1};
    float largest = 1.8446743e19f;
    try (var bound = Optimizer.bind(Sm3.learningRate(0.1), List.of(Parameter.of("w", w, 2)))) {
      var refusal =
          catchThrowableOfType(
              NonFiniteGradientException.class,
              () -> step(bound, 1, Math.nextUp(Math.nextUp(largest))));
      assertThat(refusal)
          .hasMessageContaining("at [1]")
          .hasMessageContaining("square overflows float32");
      assertThat(w).containsExactly(1, 1);
      step(bound, 1, largest);
      assertThat(w).containsExactly(0.9f, 0.9f);
    }
    // What clipping leaves of it has a square.
    try (var bound =
        Optimizer.bind(Sm3.learningRate(0.1).clipByValue(1), List.of(Parameter.of("w", w, 2)))) {
      step(bound, 0, -1e30f);
      assertThat(w[1]).isEqualTo(0.9f + 0.1f);
    }
  }

  @Test
  void skippedStepsAreCountedAndChangeNothing() {
    float[] w = {1, 1};
    float[] twin = {1, 1};
    Sm3 recipe =
        Sm3.learningRate(step -> 0.1 * step).momentum(Momentum.average(0.9)).guard(Guard.SKIP);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)));
        var other = Optimizer.bind(recipe, List.of(Parameter.of("w", twin, 2)))) {
      step(bound, 1, 2);
      step(bound, 1, Float.NaN);
      step(bound, Float.POSITIVE_INFINITY, 1);
      step(bound, 3, 1);
      step(other, 1, 2);
      step(other, 3, 1);
      assertThat(bound.skippedSteps()).isEqualTo(2);
      assertThat(bound.steps()).isEqualTo(2);
      assertThat(w).isEqualTo(twin);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1_000, 69_999})
  void uncheckedSaysSoAtTheEnd(int at) {
    for (float bad : new float[] {NEGATIVE_NAN, Float.NaN, Float.POSITIVE_INFINITY, 1e20f}) {
      float[] w = new float[70_000];
      float[] gradient = new float[70_000];
      gradient[at] = bad;
      Sm3 recipe = Sm3.learningRate(0.1).guard(Guard.UNCHECKED);
      for (long[] shape : new long[][] {{70_000}, {700, 100}, {7, 100, 100}}) {
        try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, shape)), 2)) {
          bound.step(Map.of("w", Gradient.dense(new float[70_000])));
          var late =
              catchThrowableOfType(
                  NonFiniteGradientException.class,
                  () -> bound.step(Map.of("w", Gradient.dense(gradient))));
          assertThat(late).hasMessageContaining("the step was taken unchecked");
          assertThat(late.changed()).isTrue();
          assertThat(Float.floatToRawIntBits(late.value())).isEqualTo(Float.floatToRawIntBits(bad));
          assertThat(bound.steps()).isEqualTo(2);
        }
      }
    }
  }

  @Test
  void uncheckedStepsHaveTheBitsOfCheckedOnes() {
    Random random = new Random(5);
    float[] w = new float[35];
    float[] twin = new float[35];
    Sm3 recipe = Sm3.learningRate(0.1);
    try (var checked = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 5, 7)));
        var unchecked =
            Optimizer.bind(recipe.guard(Guard.UNCHECKED), List.of(Parameter.of("w", twin, 5, 7)))) {
      for (int t = 0; t < 5; t++) {
        float[] g = new float[35];
        for (int i = 0; i < g.length; i++) {
          g[i] = (float) random.nextGaussian();
        }
        checked.step(Map.of("w", Gradient.dense(g)));
        unchecked.step(Map.of("w", Gradient.dense(g)));
      }
      assertThat(w).isEqualTo(twin);
    }
  }

  @Test
  void sumsBeyondFloat32AreNotTheGradientsFault() {
    float[] w = {1};
    Sm3 recipe = Sm3.learningRate(0.1).guard(Guard.UNCHECKED);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 1)))) {
      Map<String, Gradient> large = Map.of("w", Gradient.dense(new float[] {1.8e19f}));
      bound.step(large);
      float after = w[0];
      bound.step(large);
      assertThat(bound.accumulators("w")[0]).containsExactly(Float.POSITIVE_INFINITY);
      assertThat(w[0]).isEqualTo(after);
    }
  }

  @Test
  void sparseGradientsAreGuardedOnceTheyAreSummed() {
    float[] w = new float[8];
    try (var bound = Optimizer.bind(Sm3.learningRate(0.1), List.of(Parameter.of("w", w, 4, 2)))) {
      Gradient overflows =
          Gradient.rows(new long[] {3, 1, 3}, new float[] {0, 3e38f, 1, 1, 0, 3e38f});
      var refusal =
          catchThrowableOfType(
              NonFiniteGradientException.class, () -> bound.step(Map.of("w", overflows)));
      assertThat(refusal.index()).containsExactly(3, 1);
      assertThat(refusal.value()).isInfinite();
      assertThat(w).containsOnly(0);
    }
  }

  private static void step(Optimizer bound, float... gradient) {
    bound.step(Map.of("w", Gradient.dense(gradient)));
  }
}
