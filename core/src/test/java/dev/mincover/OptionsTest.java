package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Configurable;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What all optimizers have in common, and choices by name. */
class OptionsTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  @Test
  void valueClippingIsThatOfTheGradient() {
    float[] g = {3, -0.25f, -7, 0.5f};
    float[] clipped = {0.5f, -0.25f, -0.5f, 0.5f};
    assertThat(trained(SM3.clipByValue(0.5), g, g)).isEqualTo(trained(SM3, clipped, clipped));
  }

  @Test
  void normClippingScalesAllParametersTogether() {
    float[] a = {0, 0};
    float[] b = {0};
    float[] small = {0};
    // With one accumulator a weight that starts at 0 the first step hides the scale.
    Sm3 recipe = SM3.secondMoment(SecondMoment.sum()).clipByGlobalNorm(6.5);
    try (var bound =
            Optimizer.bind(recipe, List.of(Parameter.of("a", a, 2), Parameter.of("b", b, 1)));
        var other = Optimizer.bind(recipe, List.of(Parameter.of("w", small, 1)))) {
      // The norm of (3, 4, 12) is 13, twice what is allowed.
      bound.step(
          Map.of("a", Gradient.dense(new float[] {3, 4}), "b", Gradient.dense(new float[] {12})));
      assertThat(bound.accumulators("a")[0]).containsExactly(2.25f, 4);
      assertThat(bound.accumulators("b")[0]).containsExactly(36);
      other.step(Map.of("w", Gradient.dense(new float[] {6})));
      assertThat(other.accumulators("w")[0]).containsExactly(36);
    }
  }

  @Test
  void valuesAreClippedBeforeTheNorm() {
    float[] w = new float[2];
    try (var bound =
        Optimizer.bind(
            SM3.clipByValue(3).clipByGlobalNorm(2.5), List.of(Parameter.of("w", w, 2)))) {
      bound.step(Map.of("w", Gradient.dense(new float[] {100, 4})));
      float each = 3 * (float) (2.5 / Math.sqrt(18));
      assertThat(bound.accumulators("w")[0]).containsExactly(each * each, each * each);
    }
  }

  @Test
  void theNormOfRowsIsThatOfTheirSums() {
    float[] w = new float[6];
    try (var bound = Optimizer.bind(SM3.clipByGlobalNorm(5), List.of(Parameter.of("w", w, 3, 2)))) {
      bound.step(Map.of("w", Gradient.rows(new long[] {2, 2}, new float[] {2, 6, 4, 2})));
      assertThat(bound.accumulators("w")[1]).containsExactly(9, 16);
    }
  }

  @Test
  void maximisingClimbs() {
    float[] g = {3, -0.25f};
    float[] negative = {-3, 0.25f};
    for (Configurable<?> recipe :
        List.of(SM3, Adam.learningRate(0.1), Adafactor.learningRate(0.1))) {
      assertThat(trained(recipe.maximise(), g)).isEqualTo(trained(recipe, negative));
    }
    float climbed = trained(SM3.maximise().clipByGlobalNorm(1), g)[0];
    assertThat(climbed).isPositive();
  }

  @Test
  void decayIsDecoupledAndLeavesOutWhatIsNamed() {
    float[] weight = {2};
    float[] bias = {2};
    Sm3 recipe = SM3.weightDecay(0.5, "*.bias", "norm?.*");
    try (var bound =
        Optimizer.bind(
            recipe,
            List.of(Parameter.of("a.weight", weight, 1), Parameter.of("a.bias", bias, 1)))) {
      Gradient one = Gradient.dense(new float[] {1});
      bound.step(Map.of("a.weight", one, "a.bias", one));
      assertThat(weight[0]).isEqualTo(0.95f * 2 - 0.1f);
      assertThat(bias[0]).isEqualTo(2 - 0.1f);
    }
  }

  @Test
  void multipliersScaleRateAndDecayOfWhatTheyName() {
    float[] a = {2};
    float[] b = {2};
    float[] c = {2};
    Sm3 recipe =
        SM3.weightDecay(0.5).rateMultiplier("*", 0.5).rateMultiplier("b", 0).rateMultiplier("c", 1);
    try (var bound =
        Optimizer.bind(
            recipe,
            List.of(Parameter.of("a", a, 1), Parameter.of("b", b, 1), Parameter.of("c", c, 1)))) {
      Gradient one = Gradient.dense(new float[] {1});
      bound.step(Map.of("a", one, "b", one, "c", one));
      assertThat(a[0]).isEqualTo((float) (1 - 0.05 * 0.5) * 2 - 0.05f);
      assertThat(b[0]).isEqualTo(2);
      assertThat(c[0]).isEqualTo(0.95f * 2 - 0.1f);
      assertThat(bound.accumulators("b")[0]).containsExactly(1);
    }
  }

  @Test
  void aRateThatOverflowsWithItsMultiplierIsRefused() {
    float[] w = {2};
    Sm3 recipe = Sm3.learningRate(1e30).rateMultiplier("w", 1e10);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 1)))) {
      assertThatThrownBy(() -> bound.step(Map.of("w", Gradient.dense(new float[] {1}))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining(
              "learning rate of 1.0E30 at step 1; times multipliers of up to 1.0E10");
      assertThat(w).containsExactly(2);
    }
  }

  @Test
  void aDecayThatOverflowsIsRefused() {
    float[] w = {2};
    try (var bound =
        Optimizer.bind(Sm3.learningRate(10).weightDecay(1e38), List.of(Parameter.of("w", w, 1)))) {
      assertThatThrownBy(() -> bound.step(Map.of("w", Gradient.dense(new float[] {1}))))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("times a weight decay of 1.0E38 overflows");
      assertThat(w).containsExactly(2);
    }
  }

  @Test
  void theLastPatternThatMatchesHolds() {
    ByName<Integer> byName = ByName.always(0).with("a.*", 1).with("*.b", 2).with("a.?", 3);
    assertThat(byName.of("a.long")).isEqualTo(1);
    assertThat(byName.of("x.b")).isEqualTo(2);
    assertThat(byName.of("a.b")).isEqualTo(3);
    assertThat(byName.of("axlong")).isZero();
    assertThat(ByName.always(0).with("a\\E.*(", 1).of("a\\E.x(")).isEqualTo(1);
  }

  @Test
  void coversAreChosenByName() {
    Parameter table = Parameter.of("table", new float[12], 4, 3);
    Parameter matrix = Parameter.of("matrix", new float[12], 4, 3);
    Sm3 recipe = SM3.cover(Cover.whole()).cover("ta*", Cover.axes(0));
    try (var bound = Optimizer.bind(recipe, List.of(table, matrix))) {
      assertThat(bound.accumulators("table")).isDeepEqualTo(new float[][] {new float[4]});
      assertThat(bound.accumulators("matrix")).isDeepEqualTo(new float[][] {new float[1]});
    }
    refuses(
        () -> Optimizer.bind(recipe.cover("tabel", Cover.slices()), List.of(table)),
        "cover is given for 'tabel', which matches none of the parameters [table]");
    refuses(
        () -> Optimizer.bind(SM3.rateMultiplier("x*", 2), List.of(table)),
        "multiplier is given for 'x*'");
    Optimizer.bind(SM3.weightDecay(0.1, "*.bias"), List.of(table))
        .close(); // What is left out may be absent.
  }

  @Test
  void coversThatDoNotFitAreRefused() {
    Parameter w = Parameter.of("w", new float[6], 2, 3);
    refuses(
        () ->
            Optimizer.bind(
                SM3.cover(Cover.sets(new long[] {0, 1, 2}, new long[] {4, 5})), List.of(w)),
        "'w' leaves out index 3");
    refuses(
        () -> Optimizer.bind(SM3.cover(Cover.sets(new long[] {0, 1, 6})), List.of(w)),
        "set 0 of the cover of parameter 'w' holds index 6",
        "0 to 5");
    refuses(
        () -> Optimizer.bind(SM3.cover(Cover.axes(2)), List.of(w)), "names axis 2", "axes 0 to 1");
    refuses(() -> Cover.axes(), "at least one");
    refuses(() -> Cover.axes(0, 0), "must differ");
    refuses(() -> Cover.axes(-1), "count from 0");
  }

  @Test
  void badOptionsAreRefused() {
    refuses(() -> SM3.weightDecay(-1), "weight decay is -1.0");
    refuses(() -> SM3.weightDecay(Double.NaN), "weight decay is NaN");
    refuses(() -> SM3.rateMultiplier("a", -2), "learning-rate multiplier of 'a' is -2.0");
    refuses(() -> SM3.clipByGlobalNorm(0), "clip norm is 0.0");
    refuses(() -> SM3.clipByValue(-1), "clip value is -1.0");
    refuses(() -> SM3.clipByValue(1e-46), "clip value is 1.0E-46; it must be above 0 in float32");
    refuses(() -> Adam.learningRate(0.1).epsilon(1e-46), "which is 0 in float32");
    refuses(() -> Adam.learningRate(0.1).betas(1, 0.9), "beta1 is 1.0");
    refuses(() -> Adam.learningRate(0.1).epsilon(-1), "epsilon is -1.0");
    refuses(() -> Momentum.nesterov(-0.1), "momentum beta is -0.1");
  }

  @Test
  void badRowsAreRefusedBeforeAnythingChanges() {
    float[] w = new float[6];
    float[] scalar = new float[1];
    Parameter matrix = Parameter.of("w", w, 3, 2);
    try (var bound = Optimizer.bind(SM3, List.of(matrix, Parameter.of("s", scalar)));
        var adam = Optimizer.bind(Adam.learningRate(0.1), List.of(matrix))) {
      refuses(
          () -> bound.step(Map.of("w", Gradient.rows(new long[] {3}, new float[2]))),
          "'w' names row 3; shape [3, 2] has rows 0 to 2");
      refuses(
          () -> bound.step(Map.of("w", Gradient.rows(new long[] {-1}, new float[2]))),
          "names row -1");
      refuses(
          () -> bound.step(Map.of("w", Gradient.rows(new long[] {0, 1}, new float[3]))),
          "has 12 bytes; 2 rows of shape [3, 2] needs 16 bytes");
      refuses(
          () -> bound.step(Map.of("s", Gradient.rows(new long[] {0}, new float[1]))),
          "'s' of shape [] takes no sparse gradient: a scalar has no rows");
      refuses(
          () -> adam.step(Map.of("w", Gradient.rows(new long[] {0}, new float[] {1, 1}))),
          "Adam takes dense gradients");
      assertThat(w).containsOnly(0);
    }
    Sm3 int8 = SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8));
    try (var bound = Optimizer.bind(int8, List.of(Parameter.of("v", w, 6)))) {
      refuses(
          () -> bound.step(Map.of("v", Gradient.rows(new long[] {0}, new float[1]))),
          "int8 momentum",
          "bfloat16");
    }
  }

  @Test
  void equalRecipesAreEqual() {
    assertThat(SM3.cover(Cover.sets(new long[] {0, 1})).clipByValue(2))
        .isEqualTo(Sm3.learningRate(0.1).clipByValue(2).cover(Cover.sets(new long[] {0, 1})));
    assertThat(SM3.cover(Cover.sets(new long[] {0, 1})))
        .isNotEqualTo(SM3.cover(Cover.sets(new long[] {0, 2})));
  }

  /** Threads do not show in a norm of many values. */
  @Test
  void theNormIsTheSameForAnyNumberOfThreads() {
    Random random = new Random(11);
    float[] g = new float[300_000];
    for (int i = 0; i < g.length; i++) {
      g[i] = (float) random.nextGaussian();
    }
    float[] one = new float[g.length];
    float[] three = new float[g.length];
    Sm3 recipe = SM3.clipByGlobalNorm(1);
    try (var a = Optimizer.bind(recipe, List.of(Parameter.of("w", one, 3, 100_000)), 1);
        var b = Optimizer.bind(recipe, List.of(Parameter.of("w", three, 3, 100_000)), 3)) {
      a.step(Map.of("w", Gradient.dense(g)));
      b.step(Map.of("w", Gradient.dense(g)));
      assertThat(Arrays.equals(one, three)).isTrue();
      double norm = 0;
      for (float value : g) {
        norm += (double) value * value;
      }
      float largest = (float) (g[0] / Math.sqrt(norm));
      float[] first = a.accumulators("w")[0];
      assertThat(first[0]).isGreaterThan(largest * largest);
      assertThat((double) first[0] + first[1] + first[2]).isCloseTo(0, within(1e-3));
    }
  }

  private static float[] trained(Configurable<?> recipe, float[]... gradients) {
    float[] w = new float[gradients[0].length];
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, w.length)))) {
      for (float[] gradient : gradients) {
        bound.step(Map.of("w", Gradient.dense(gradient)));
      }
    }
    return w;
  }

  private static void refuses(Runnable action, String... words) {
    assertThatThrownBy(action::run)
        .isInstanceOf(IllegalArgumentException.class)
        .message()
        .contains(words);
  }

  @Test
  void aBetaThatIsOneInFloat32StillWeightsSquares() {
    double beta = 1 - 1e-9;
    Sm3 recipe = Sm3.learningRate(0.1).secondMoment(SecondMoment.average(beta));
    try (Optimizer optimizer =
        Optimizer.bind(recipe, List.of(Parameter.of("w", new float[] {1}, 1)))) {
      optimizer.step(Map.of("w", Gradient.dense(new float[] {1000})));
      assertThat(optimizer.accumulators("w")[0]).containsExactly((float) (1 - beta) * 1e6f);
    }
  }
}
