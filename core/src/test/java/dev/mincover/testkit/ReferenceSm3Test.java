package dev.mincover.testkit;

import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_I;
import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_II;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.mincover.testkit.ReferenceSm3.Config;
import dev.mincover.testkit.ReferenceSm3.MomentumKind;
import java.util.Arrays;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The oracle against recorded sequences and against small cases computed by hand. */
class ReferenceSm3Test {

  /** Rounding of double precision. */
  private static final double FLOAT64 = 1e-12;

  /** Rounding of single precision, over eight steps. */
  private static final double FLOAT32 = 1e-6;

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#paper")
  void agreesWithAnotherStatementOfThePaper(GoldenSequence s) {
    var sm3 = new ReferenceSm3(s.config(), s.initialWeights());
    for (int t = 1; t <= s.length(); t++) {
      sm3.step(s.gradient(t), s.eta());
      Close.absolutely(sm3.weights(), s.weights(t), FLOAT64, "weights after step " + t);
      Close.relatively(sm3.mu(), s.mu(t).orElseThrow(), FLOAT64, "mu after step " + t);
      Close.relatively(sm3.nu(), s.nu(t).orElseThrow(), FLOAT64, "nu after step " + t);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#authors")
  void agreesWithTheAuthorsCode(GoldenSequence s) {
    var sm3 = new ReferenceSm3(s.config(), s.initialWeights());
    for (int t = 1; t <= s.length(); t++) {
      sm3.step(s.gradient(t), s.eta());
      Close.absolutely(sm3.weights(), s.weights(t), FLOAT32, "weights after step " + t);
      Close.relatively(sm3.mu(), s.mu(t).orElseThrow(), FLOAT32, "mu after step " + t);
      if (s.config().momentum() > 0) {
        Close.absolutely(sm3.momentum(), s.momentum(t).orElseThrow(), FLOAT32, "m after step " + t);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#authorsSparse")
  void agreesWithTheAuthorsCodeOnSparseGradients(GoldenSequence s) {
    var sm3 = new ReferenceSm3(s.config(), s.initialWeights());
    for (int t = 1; t <= s.length(); t++) {
      sm3.step(s.gradient(t), s.eta());
      Close.absolutely(sm3.weights(), s.weights(t), FLOAT32, "weights after step " + t);
      Close.relatively(sm3.mu(), s.mu(t).orElseThrow(), FLOAT32, "mu after step " + t);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#published")
  void passesThePublishedTestsOfOthers(GoldenSequence s) {
    var sm3 = new ReferenceSm3(s.config(), s.initialWeights());
    for (int t = 1; t <= s.length(); t++) {
      String when = " after step " + t;
      sm3.step(s.gradient(t), s.eta());
      Close.absolutely(sm3.weights(), s.weights(t), FLOAT64, "weights" + when);
      s.mu(t).ifPresent(mu -> Close.relatively(sm3.mu(), mu, FLOAT64, "mu" + when));
      s.momentum(t).ifPresent(m -> Close.absolutely(sm3.momentum(), m, FLOAT64, "m" + when));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#probes")
  void epsilonShrinksSmallGradients(GoldenSequence s) {
    var sm3 = new ReferenceSm3(s.config(), s.initialWeights());
    sm3.step(s.gradient(1), s.eta());
    Close.relatively(sm3.weights(), s.weights(1), FLOAT32, "weights");
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-3, 1e-16, 1e-150})
  void withoutEpsilonTheFirstUpdateIsTheSign(double g) {
    var sm3 = new ReferenceSm3(Config.of(SM3_II, ReferenceCover.slices()), new double[1]);
    sm3.step(new double[] {-g}, 1);
    Close.absolutely(sm3.weights(), new double[] {1}, FLOAT64, "weights");
  }

  @Test
  void sm3IByHand() {
    double[] w = new double[4];
    var sm3 = new ReferenceSm3(Config.of(SM3_I, ReferenceCover.slices(2, 2)), w);
    sm3.step(new double[] {1, -2, 3, 4}, 1);
    assertThat(sm3.mu()).containsExactly(4, 16, 9, 16);
    assertThat(sm3.nu()).containsExactly(4, 4, 9, 16);
    assertThat(w).containsExactly(-0.5, 1, -1, -1);
    sm3.step(new double[] {1, 0, 3, 0}, 0);
    assertThat(sm3.mu()).containsExactly(5, 25, 18, 16);
    assertThat(sm3.nu()).containsExactly(5, 5, 18, 16);
    assertThat(w).containsExactly(-0.5, 1, -1, -1);
  }

  @Test
  void sm3IIByHand() {
    double[] w = new double[4];
    var sm3 = new ReferenceSm3(Config.of(SM3_II, ReferenceCover.slices(2, 2)), w);
    sm3.step(new double[] {1, -2, 3, 4}, 0.5);
    assertThat(sm3.nu()).containsExactly(1, 4, 9, 16);
    assertThat(sm3.mu()).containsExactly(4, 16, 9, 16);
    assertThat(w).containsExactly(-0.5, 0.5, -0.5, -0.5);
    sm3.step(new double[] {0, Math.sqrt(12), 4, 3}, 1);
    assertThat(sm3.nu()).usingComparatorWithPrecision(FLOAT64).containsExactly(4, 16, 25, 25);
    assertThat(sm3.mu()).usingComparatorWithPrecision(FLOAT64).containsExactly(16, 25, 25, 25);
    assertThat(w)
        .usingComparatorWithPrecision(FLOAT64)
        .containsExactly(-0.5, 0.5 - Math.sqrt(12) / 4, -0.5 - 0.8, -0.5 - 0.6);
  }

  @ParameterizedTest
  @CsvSource({"AVERAGE, -0.5, -1.15", "HEAVY_BALL, -1, -2.3", "NESTEROV, -1.5, -2.95"})
  void momentumByHand(MomentumKind kind, double afterStep1, double afterStep2) {
    var config = Config.of(SM3_II, ReferenceCover.slices()).withMomentum(0.5, kind);
    double[] w = new double[1];
    var sm3 = new ReferenceSm3(config, w);
    sm3.step(new double[] {3}, 1); // u = 3 / sqrt(9)
    assertThat(w[0]).isEqualTo(afterStep1);
    sm3.step(new double[] {4}, 1); // u = 4 / sqrt(25)
    Close.absolutely(w, new double[] {afterStep2}, FLOAT64, "weights");
  }

  @Test
  void anAverageOfSquaresByHand() {
    var cover = ReferenceCover.slices(2, 2);
    var one = new ReferenceSm3(Config.of(SM3_I, cover).withSecondMoment(0.75), new double[4]);
    one.step(new double[] {2, 4, 6, 8}, 1);
    assertThat(one.mu()).containsExactly(4, 16, 9, 16);
    one.step(new double[] {4, 0, 0, 0}, 1);
    assertThat(one.mu()).containsExactly(7, 12, 10.75, 12);
    assertThat(one.nu()).containsExactly(7, 7, 10.75, 12);

    var two = new ReferenceSm3(Config.of(SM3_II, cover).withSecondMoment(0.75), new double[4]);
    two.step(new double[] {2, 4, 6, 8}, 1);
    assertThat(two.nu()).containsExactly(1, 4, 9, 16);
    two.step(new double[] {4, 0, 0, 0}, 1);
    assertThat(two.nu()).containsExactly(7, 3, 6.75, 12);
    assertThat(two.mu()).containsExactly(7, 12, 7, 12);
  }

  /** An implementation that also takes the old accumulator into the maximum never forgets. */
  @ParameterizedTest
  @EnumSource
  void anAverageForgetsAnImpulse(ReferenceSm3.Algorithm algorithm) {
    var config = Config.of(algorithm, ReferenceCover.slices(2, 2)).withSecondMoment(0.95);
    var sm3 = new ReferenceSm3(config, new double[4]);
    sm3.step(new double[] {1, 1, 1, 1}, 1);
    // What optax's SM3 keeps after a unit gradient and zeros, in float32.
    double[] recorded = {
      0.05000000074505806,
      0.04749999940395355,
      0.045125000178813934,
      0.04286874830722809,
      0.040725309401750565,
      0.03868904337286949
    };
    for (double mu : recorded) {
      Close.relatively(sm3.mu(), new double[] {mu, mu, mu, mu}, FLOAT32, "mu");
      sm3.step(new double[4], 1);
    }
  }

  @Test
  void weightDecayIsDecoupledFromTheStatistic() {
    var config = Config.of(SM3_II, ReferenceCover.slices()).withWeightDecay(0.1);
    double[] w = {2};
    var sm3 = new ReferenceSm3(config, w);
    sm3.step(new double[] {3}, 0.5);
    Close.absolutely(w, new double[] {2 * 0.95 - 0.5}, FLOAT64, "weights");
    sm3.step(new double[] {0}, 0.5);
    Close.absolutely(w, new double[] {1.4 * 0.95}, FLOAT64, "weights");
    assertThat(sm3.nu()).containsExactly(9);
  }

  @ParameterizedTest
  @EnumSource
  void emptyTensorsTakeSteps(ReferenceSm3.Algorithm algorithm) {
    double[] w = {};
    var sm3 = new ReferenceSm3(Config.of(algorithm, ReferenceCover.slices(2, 0)), w);
    sm3.step(new double[0], 1);
    assertThat(sm3.mu()).containsExactly(0, 0);
    assertThat(sm3.nu()).isEmpty();
    assertThat(sm3.weights()).isSameAs(w);
  }

  /** The setting of a published test: a bowl, 100 steps, learning rate 0.1 and momentum 0.9. */
  @Test
  void reachesTheBottomOfABowl() {
    double loss = 0;
    for (var cover : new ReferenceCover[] {ReferenceCover.slices(2), ReferenceCover.slices(2, 2)}) {
      double[] w = new double[cover.size()];
      Arrays.fill(w, 1);
      var sm3 =
          new ReferenceSm3(Config.of(SM3_II, cover).withMomentum(0.9, MomentumKind.AVERAGE), w);
      for (int t = 1; t <= 100; t++) {
        sm3.step(Arrays.stream(w).map(x -> 2 * x).toArray(), 0.1);
      }
      loss += Arrays.stream(w).map(x -> x * x).sum();
    }
    assertThat(loss).isLessThan(1e-2);
  }

  @Test
  void accumulatorsAreHandedOutAsCopies() {
    var sm3 = new ReferenceSm3(Config.of(SM3_II, ReferenceCover.slices(1)), new double[] {0});
    sm3.step(new double[] {2}, 1);
    sm3.mu()[0] = 42;
    sm3.nu()[0] = 42;
    sm3.momentum()[0] = 42;
    assertThat(sm3.mu()).containsExactly(4);
    assertThat(sm3.nu()).containsExactly(4);
    assertThat(sm3.momentum()).containsExactly(1);
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, 1, Double.NaN})
  void momentumOutOfRangeIsRefused(double b) {
    refuses("momentum is " + b, config -> config.withMomentum(b, MomentumKind.AVERAGE));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1.01, Double.NaN})
  void secondMomentOutOfRangeIsRefused(double beta) {
    refuses("secondMoment is " + beta, config -> config.withSecondMoment(beta));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1e-30, Double.POSITIVE_INFINITY, Double.NaN})
  void epsilonAndWeightDecayOutOfRangeAreRefused(double value) {
    refuses("epsilon is " + value, config -> config.withEpsilon(value));
    refuses("weightDecay is " + value, config -> config.withWeightDecay(value));
  }

  private static void refuses(String message, Consumer<Config> change) {
    var config = Config.of(SM3_II, ReferenceCover.slices(2, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> change.accept(config))
        .withMessageStartingWith(message + ": use ");
  }

  @Test
  void tensorsOfAnotherSizeAreRefused() {
    var config = Config.of(SM3_II, ReferenceCover.slices(2, 2));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new ReferenceSm3(config, new double[3]))
        .withMessage("weights has 3 values: the cover has 4 coordinates, give one value for each");
    var sm3 = new ReferenceSm3(config, new double[4]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sm3.step(new double[5], 1))
        .withMessageStartingWith("gradient has 5 values");
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
  void nonFiniteInputIsRefusedAndChangesNothing(double bad) {
    double[] w = {1, 2};
    var sm3 = new ReferenceSm3(Config.of(SM3_II, ReferenceCover.slices(2)), w);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sm3.step(new double[] {1, bad}, 1))
        .withMessageStartingWith("gradient[1] is " + bad);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sm3.step(new double[] {1, 1}, bad))
        .withMessageStartingWith("eta is " + bad);
    assertThat(w).containsExactly(1, 2);
    assertThat(sm3.mu()).containsExactly(0, 0);
  }

  @Test
  void negativeLearningRatesAreRefused() {
    var sm3 = new ReferenceSm3(Config.of(SM3_II, ReferenceCover.slices()), new double[1]);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> sm3.step(new double[1], -0.1))
        .withMessage("eta is -0.1: use a finite value of at least 0");
  }
}
