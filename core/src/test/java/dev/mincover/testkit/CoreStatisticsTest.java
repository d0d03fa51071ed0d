package dev.mincover.testkit;

import static dev.mincover.testkit.Floats.assertAtMost;
import static dev.mincover.testkit.Floats.assertEqualBits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.Gradient;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the paper proves of nu and mu, of core's float32 numbers, over random runs whose seed a
 * failure shows. Bounds are exact: rounding keeps order, so that sums rounded at every step keep
 * the order that exact sums have.
 */
class CoreStatisticsTest {

  private static final float ETA = 0.1f;

  private static final Sm3 SM3 = Sm3.learningRate(ETA);

  /** The numbers that optax gives for an impulse of 1 and an average of 0.95, in float32. */
  private static final double[] IMPULSE = {
    0.05000000074505806,
    0.04749999940395355,
    0.045125000178813934,
    0.04286874830722809,
    0.040725309401750565,
    0.03868904337286949
  };

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void theStatisticsBoundTheSumOfSquaresInOrder(RandomRun run) {
    for (CoverKind kind : CoverKind.values()) {
      Cover cover = kind.of(run.seed(), run.lengths());
      ReferenceCover sets = OracleTerms.cover(cover, run.lengths());
      float[] sum = new float[sets.size()];
      double[] exact = new double[sets.size()];
      try (var one = run(SM3.cover(cover).algorithm(Algorithm.SM3_I), run);
          var two = run(SM3.cover(cover), run)) {
        for (int t = 1; t <= run.length(); t++) {
          String when = "%s, step %d".formatted(kind, t);
          float[] g = Floats.of(run.gradient(t));
          float[] nuTwo = least(sets, two.mu());
          for (int i = 0; i < g.length; i++) {
            sum[i] += g[i] * g[i];
            exact[i] += (double) g[i] * g[i];
            nuTwo[i] += g[i] * g[i];
          }
          float[] wOne = one.weights();
          float[] wTwo = two.weights();
          one.step(g);
          two.step(g);
          float[] nuOne = least(sets, one.mu());
          assertAtMost(sum, nuTwo, "sum of squares and nu of SM3-II, " + when);
          assertAtMost(nuTwo, nuOne, "nu of SM3-II and SM3-I, " + when);
          assertAtMost(two.mu(), one.mu(), "mu of SM3-II and SM3-I, " + when);
          assertAtMost(nuTwo, least(sets, two.mu()), "nu and min(mu) of SM3-II, " + when);
          // The sum itself may have lost half a unit in the last place at every step.
          for (int i = 0; i < g.length; i++) {
            assertThat((double) nuTwo[i])
                .as("nu[%d] of SM3-II, %s", i, when)
                .isGreaterThanOrEqualTo(exact[i] * (1 - 1e-6));
          }
          // And these are the nu that weights were moved by.
          assertEqualBits(one.weights(), moved(wOne, g, nuOne), "weights of SM3-I, " + when);
          assertEqualBits(two.weights(), moved(wTwo, g, nuTwo), "weights of SM3-II, " + when);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void sumsNeverShrink(RandomRun run) {
    for (CoverKind kind : CoverKind.values()) {
      for (Algorithm algorithm : Algorithm.values()) {
        Cover cover = kind.of(run.seed(), run.lengths());
        try (var training = run(SM3.cover(cover).algorithm(algorithm), run)) {
          for (int t = 1; t <= run.length(); t++) {
            float[] before = training.mu();
            training.step(Floats.of(run.gradient(t)));
            assertAtMost(before, training.mu(), kind + " " + algorithm + ", mu, step " + t);
          }
        }
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void singletonsAreAdaGrad(RandomRun run) {
    for (Algorithm algorithm : Algorithm.values()) {
      double[] w = Floats.doubles(Floats.of(run.weights()));
      double[] sum = new double[w.length];
      try (var training = run(Sm3.adaGrad(ETA).algorithm(algorithm), run)) {
        for (int t = 1; t <= run.length(); t++) {
          float[] g = Floats.of(run.gradient(t));
          for (int i = 0; i < w.length; i++) {
            sum[i] += (double) g[i] * g[i];
            w[i] -= g[i] == 0 ? 0 : ETA * (g[i] / Math.sqrt(sum[i]));
          }
          training.step(g);
          String when = algorithm + " after step " + t;
          Close.absolutely(Floats.doubles(training.weights()), w, 1e-6, "weights, " + when);
          Close.relatively(Floats.doubles(training.mu()), sum, 1e-6, "mu, " + when);
        }
      }
    }
  }

  /** Whatever its shape: AdaGrad looks at no axis, and the slices of a vector are singletons. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void singletonsOfATensorHaveTheBitsOfSlicesOfAVector(RandomRun run) {
    for (Algorithm algorithm : Algorithm.values()) {
      Sm3 slices = SM3.algorithm(algorithm);
      try (var singletons = run(slices.cover(Cover.singletons()), run);
          var vector = CoreRun.of(slices, Floats.of(run.weights()), run.weights().length)) {
        for (int t = 1; t <= run.length(); t++) {
          float[] g = Floats.of(run.gradient(t));
          singletons.step(g);
          vector.step(g);
          assertEqualBits(singletons.weights(), vector.weights(), "weights after step " + t);
          assertEqualBits(singletons.mu(), vector.mu(), "mu after step " + t);
        }
      }
    }
  }

  /** AdaGrad-Norm, with the largest entry of a gradient as its norm. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void oneSetOfEverythingIsAdaGradNorm(RandomRun run) {
    double[] wOne = Floats.doubles(Floats.of(run.weights()));
    double[] wTwo = wOne.clone();
    double sum = 0;
    Sm3 whole = SM3.cover(Cover.whole());
    try (var one = run(whole.algorithm(Algorithm.SM3_I), run);
        var two = run(whole, run)) {
      for (int t = 1; t <= run.length(); t++) {
        float[] g = Floats.of(run.gradient(t));
        double before = sum;
        sum += Arrays.stream(Floats.doubles(g)).map(x -> x * x).max().orElseThrow();
        for (int i = 0; i < g.length; i++) {
          // SM3-II adds a weight's own square alone, and the largest only afterwards.
          double own = before + (double) g[i] * g[i];
          wOne[i] -= sum == 0 ? 0 : ETA * (g[i] / Math.sqrt(sum));
          wTwo[i] -= own == 0 ? 0 : ETA * (g[i] / Math.sqrt(own));
        }
        one.step(g);
        two.step(g);
        assertThat(one.mu()).as("mu of SM3-I after step %d", t).hasSize(1);
        assertThat((double) one.mu()[0]).isCloseTo(sum, within(1e-6 * sum));
        assertEqualBits(two.mu(), one.mu(), "mu of both after step " + t);
        Close.absolutely(Floats.doubles(one.weights()), wOne, 1e-6, "SM3-I, step " + t);
        Close.absolutely(Floats.doubles(two.weights()), wTwo, 1e-6, "SM3-II, step " + t);
      }
    }
  }

  @Test
  void anImpulseFadesFromAnAverage() {
    Sm3 average = SM3.secondMoment(SecondMoment.average(0.95));
    for (CoverKind kind : CoverKind.values()) {
      for (Algorithm algorithm : Algorithm.values()) {
        Sm3 recipe = average.algorithm(algorithm).cover(kind.of(1, 3, 2));
        try (var dense = CoreRun.of(recipe, new float[6], 3, 2);
            var sparse = CoreRun.of(recipe, new float[6], 3, 2)) {
          for (int t = 0; t < IMPULSE.length; t++) {
            float g = t == 0 ? 1 : 0;
            dense.step(Floats.filled(6, g));
            // Row 2 is named again only in step 4, and then with zeros.
            sparse.step(
                t == 0
                    ? Gradient.rows(new long[] {0, 2, 1}, Floats.filled(6, g))
                    : Gradient.rows(new long[] {t == 3 ? 2 : 0}, new float[2]));
            assertImpulse(dense.mu(), t, kind + " " + algorithm + ", dense");
            if (t % 2 == 1) {
              assertImpulse(sparse.mu(), t, kind + " " + algorithm + ", sparse");
            }
          }
        }
      }
    }
  }

  private static void assertImpulse(float[] mu, int t, String what) {
    for (int r = 0; r < mu.length; r++) {
      assertThat((double) mu[r])
          .as("%s: mu[%d] after step %d", what, r, t + 1)
          .isCloseTo(IMPULSE[t], within(1e-7 * IMPULSE[t]));
    }
  }

  private static CoreRun run(Sm3 recipe, RandomRun run) {
    return CoreRun.of(recipe, Floats.of(run.weights()), run.lengths());
  }

  /** The least accumulator of the sets that hold each coordinate. */
  private static float[] least(ReferenceCover cover, float[] mu) {
    assertThat(mu).hasSameSizeAs(cover.sets());
    float[] least = Floats.filled(cover.size(), Float.POSITIVE_INFINITY);
    for (int r = 0; r < mu.length; r++) {
      for (int i : cover.sets().get(r)) {
        least[i] = Math.min(least[i], mu[r]);
      }
    }
    return least;
  }

  private static float[] moved(float[] w, float[] g, float[] nu) {
    float[] moved = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      float u = nu[i] == 0 ? 0 : g[i] / (float) Math.sqrt(nu[i]);
      moved[i] = w[i] - ETA * u;
    }
    return moved;
  }
}
