package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.testkit.GoldenSequence;
import dev.mincover.testkit.ReferenceCover;
import dev.mincover.testkit.ReferenceSm3;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tribuo.math.la.Tensor;

/**
 * What testkit's contract asks of SM3, in float64: recorded sequences within 1e-6, and the oracle
 * to the bit. That contract itself speaks of an optimizer of core and of float32.
 */
class TribuoContractTest {

  private static final int[][] AWKWARD = {
    {1}, {17}, {1, 1}, {31, 1}, {1, 207}, {15, 16}, {9, 33}, {3, 4098}, {300, 7}
  };

  /** Recordings of vectors and matrices under what this optimiser supports. */
  static Stream<GoldenSequence> recorded() {
    return Stream.of(GoldenSequence.authors(), GoldenSequence.paper(), GoldenSequence.published())
        .flatMap(List::stream)
        .filter(sequence -> sequence.shape().size() <= 2 && isSupported(sequence.recipe()));
  }

  private static boolean isSupported(Sm3 recipe) {
    Cover cover = recipe.cover().otherwise();
    return recipe.algorithm() == Sm3.Algorithm.SM3_II
        && (cover instanceof Cover.Slices || cover instanceof Cover.Singletons)
        && recipe.options().weightDecay().otherwise() == 0;
  }

  static Stream<Sm3> recipes() {
    Sm3 plain = Sm3.learningRate(0.1);
    return Stream.of(
        plain,
        plain.momentum(Momentum.average(0.9)),
        plain.secondMoment(SecondMoment.average(0.9)),
        plain.momentum(Momentum.average(0.5)).secondMoment(SecondMoment.average(0.99)),
        plain.epsilon(1e-3),
        plain.momentum(Momentum.heavyBall(0.5)),
        plain.momentum(Momentum.nesterov(0.9)),
        plain.cover(Cover.singletons()),
        plain.cover(Cover.singletons()).secondMoment(SecondMoment.average(0.9)),
        plain.cover(Cover.singletons()).momentum(Momentum.average(0.9)),
        Sm3.learningRate(Schedule.constant(0.1).warmup(3, 2).inverseSqrt(3).cooldown(6, 0.5)));
  }

  @Test
  void thereAreRecordingsOfEveryKind() {
    assertThat(recorded().map(sequence -> sequence.shape().size())).contains(0, 1, 2);
    assertThat(recorded().map(GoldenSequence::name).count()).isGreaterThan(15);
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void reproducesWhatWasRecorded(GoldenSequence sequence) {
    int[] shape =
        sequence.shape().isEmpty()
            ? new int[] {1}
            : sequence.shape().stream().mapToInt(Integer::intValue).toArray();
    Tensor weights = Tensors.dense(sequence.initialWeights(), shape);
    Weights parameters = new Weights(weights);
    Sm3Optimiser optimiser = Sm3Optimiser.of(sequence.recipe());
    optimiser.initialise(parameters);
    for (int t = 1; t <= sequence.length(); t++) {
      Tensor uphill = Tensors.dense(Tensors.negated(sequence.gradient(t)), shape);
      parameters.update(optimiser.step(new Tensor[] {uphill}, 1));
      assertThat(Tensors.values(weights))
          .as("weights after step %d", t)
          .containsExactly(sequence.weights(t), within(1e-6));
      double[] mu = flat(optimiser.accumulators(0));
      double[] expected = sequence.mu(t).orElse(mu);
      for (int i = 0; i < expected.length; i++) {
        assertThat(mu[i])
            .as("mu[%d] after step %d", i, t)
            .isCloseTo(expected[i], within(Math.max(1e-45, 1e-6 * expected[i])));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void hasTheBitsOfTheOracle(Sm3 recipe) {
    for (long seed = 1; seed <= 3; seed++) {
      Random random = new Random(seed);
      List<Tensor> tensors = new ArrayList<>();
      List<ReferenceSm3> oracles = new ArrayList<>();
      for (int[] shape : AWKWARD) {
        double[] initial = Tensors.random(random, Tensors.size(shape));
        tensors.add(Tensors.dense(initial, shape));
        oracles.add(oracle(recipe, initial, shape));
      }
      Weights parameters = new Weights(tensors.toArray(Tensor[]::new));
      Sm3Optimiser optimiser = Sm3Optimiser.of(recipe);
      optimiser.initialise(parameters);
      for (int t = 1; t <= 6; t++) {
        Tensor[] gradients = new Tensor[AWKWARD.length];
        for (int i = 0; i < AWKWARD.length; i++) {
          double[] gradient = Tensors.random(random, Tensors.size(AWKWARD[i]));
          gradients[i] = Tensors.dense(Tensors.negated(gradient), AWKWARD[i]);
          oracles.get(i).step(gradient, recipe.learningRate().at(t));
        }
        parameters.update(optimiser.step(gradients, 1));
        for (int i = 0; i < AWKWARD.length; i++) {
          String what =
              "%s of seed %d after step %d".formatted(Arrays.toString(AWKWARD[i]), seed, t);
          Tensors.assertEqualBits(
              Tensors.values(tensors.get(i)), oracles.get(i).weights(), "weights " + what);
          Tensors.assertEqualBits(
              flat(optimiser.accumulators(i)), oracles.get(i).mu(), "mu " + what);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void zeroGradientsMoveNothingAtFirst(Sm3 recipe) {
    for (int[] shape : AWKWARD) {
      Weights parameters = new Weights(Tensors.dense(new double[Tensors.size(shape)], shape));
      Sm3Optimiser optimiser = Sm3Optimiser.of(recipe);
      optimiser.initialise(parameters);
      Tensor[] updates =
          optimiser.step(new Tensor[] {Tensors.dense(new double[Tensors.size(shape)], shape)}, 1);
      assertThat(Tensors.values(updates[0])).containsOnly(0);
      assertThat(flat(optimiser.accumulators(0))).containsOnly(0);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void stateIsANumberASetAndMomentumAWeight(Sm3 recipe) {
    Tensor[] tensors =
        Arrays.stream(AWKWARD)
            .map(shape -> Tensors.dense(new double[Tensors.size(shape)], shape))
            .toArray(Tensor[]::new);
    Sm3Optimiser optimiser = Sm3Optimiser.of(recipe);
    assertThat(optimiser.stateBytes()).isZero();
    optimiser.initialise(new Weights(tensors));
    long expected = 0;
    for (int i = 0; i < AWKWARD.length; i++) {
      long mu = cover(recipe, AWKWARD[i]).sets().size();
      long m = recipe.momentum().isNone() ? 0 : Tensors.size(AWKWARD[i]);
      assertThat(flat(optimiser.accumulators(i))).hasSize((int) mu);
      expected += 8 * (mu + m);
    }
    assertThat(optimiser.stateBytes()).isEqualTo(expected);
    assertThat(optimiser.stateBytes(AWKWARD)).isEqualTo(expected);
    optimiser.reset();
    assertThat(optimiser.stateBytes()).isZero();
  }

  @Test
  void anImpulseFadesFromAnAverageAndStaysInASum() {
    Sm3 sum = Sm3.learningRate(0.1);
    Sm3Optimiser summed = Sm3Optimiser.of(sum);
    Sm3Optimiser averaged = Sm3Optimiser.of(sum.secondMoment(SecondMoment.average(0.5)));
    summed.initialise(new Weights(Tensors.dense(new double[4], 2, 2)));
    averaged.initialise(new Weights(Tensors.dense(new double[4], 2, 2)));
    for (int t = 0; t < 4; t++) {
      double[] gradient = new double[4];
      Arrays.fill(gradient, t == 0 ? 1 : 0);
      var _ = summed.step(new Tensor[] {Tensors.dense(gradient, 2, 2)}, 1);
      var _ = averaged.step(new Tensor[] {Tensors.dense(gradient, 2, 2)}, 1);
      assertThat(flat(summed.accumulators(0))).containsOnly(1);
      assertThat(flat(averaged.accumulators(0))).containsOnly(Math.pow(0.5, t + 1));
    }
  }

  /** Squares that underflow to 0, or overflow only once they are added up: 0, as in the oracle. */
  @Test
  void extremesHaveTheBitsOfTheOracle() {
    Sm3 recipe = Sm3.learningRate(0.1);
    double[] gradient = {1e-170, 0, -0.0, Double.MIN_VALUE, 1.3e154, -1e-160, 1e-3, 1e8};
    Tensor weights = Tensors.dense(new double[8], 8);
    Weights parameters = new Weights(weights);
    ReferenceSm3 oracle = oracle(recipe, new double[8], 8);
    Sm3Optimiser optimiser = Sm3Optimiser.of(recipe);
    optimiser.initialise(parameters);
    for (int t = 1; t <= 3; t++) {
      oracle.step(gradient, 0.1);
      Tensor uphill = Tensors.dense(Tensors.negated(gradient), 8);
      parameters.update(optimiser.step(new Tensor[] {uphill}, 1));
      Tensors.assertEqualBits(Tensors.values(weights), oracle.weights(), "weights " + t);
    }
    assertThat(optimiser.accumulators(0)[0]).contains(0, Double.POSITIVE_INFINITY);
  }

  static double[] flat(double[][] arrays) {
    return Arrays.stream(arrays).flatMapToDouble(Arrays::stream).toArray();
  }

  private static ReferenceCover cover(Sm3 recipe, int... shape) {
    return recipe.cover().otherwise() instanceof Cover.Slices
        ? ReferenceCover.slices(shape)
        : ReferenceCover.singletons(Tensors.size(shape));
  }

  private static ReferenceSm3 oracle(Sm3 recipe, double[] initial, int... shape) {
    return new ReferenceSm3(
        ReferenceSm3.Config.of(ReferenceSm3.Algorithm.SM3_II, cover(recipe, shape))
            .withMomentum(
                recipe.momentum().beta(),
                ReferenceSm3.MomentumKind.valueOf(recipe.momentum().kind().name()))
            .withSecondMoment(recipe.secondMoment().beta())
            .withEpsilon(recipe.epsilon()),
        initial.clone());
  }
}
