package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.tribuo.math.la.Tensor;

/** Bad input gets one clear error, and nothing has changed. */
class MisuseTest {

  private static final boolean[] ALL = {true, true, true, true, true, true};

  private final Sm3Optimiser optimiser = new Sm3Optimiser(0.1);

  @BeforeEach
  void takeAStep() {
    optimiser.initialise(
        new Weights(Tensors.dense(new double[6], 2, 3), Tensors.dense(new double[2], 2)));
    var _ = optimiser.step(new Tensor[] {matrix(1), vector(1)}, 1);
  }

  private static Tensor matrix(double value) {
    return Tensors.dense(new double[] {1, 2, 3, 4, 5, value}, 2, 3);
  }

  private static Tensor sparse(double value) {
    return Tensors.sparse(new double[] {1, 2, 3, 4, 5, value}, ALL, 2, 3);
  }

  private static Tensor vector(double value) {
    return Tensors.dense(new double[] {1, value}, 2);
  }

  static Stream<Arguments> bad() {
    return Stream.of(
        Arguments.of(new Tensor[] {matrix(1)}, "1 gradients for 2 tensors"),
        Arguments.of(new Tensor[] {vector(1), matrix(1)}, "gradient of tensor 0 has the shape [2]"),
        Arguments.of(
            new Tensor[] {matrix(1), Tensors.dense(new double[3], 3)},
            "gradient of tensor 1 has the shape [3]; the tensor has [2]"),
        Arguments.of(
            new Tensor[] {matrix(Double.NaN), vector(1)}, "gradient of tensor 0 is NaN at [1, 2]"),
        Arguments.of(
            new Tensor[] {sparse(Double.POSITIVE_INFINITY), vector(1)},
            "gradient of tensor 0 is Infinity at [1, 2]"),
        Arguments.of(
            new Tensor[] {sparse(1e200), vector(1)}, "gradient of tensor 0 is 1.0E200 at [1, 2]"),
        Arguments.of(
            new Tensor[] {sparse(1), vector(Double.NEGATIVE_INFINITY)},
            "gradient of tensor 1 is -Infinity at [1]"));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void badGradientsChangeNothing(Tensor[] gradients, String why) {
    double[] mu = TribuoContractTest.flat(optimiser.accumulators(0));
    double[] first = Tensors.values(gradients[0]);
    assertThatThrownBy(() -> optimiser.step(gradients, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
    assertThat(optimiser.steps()).isEqualTo(1);
    assertThat(TribuoContractTest.flat(optimiser.accumulators(0))).isEqualTo(mu);
    assertThat(Tensors.values(gradients[0])).isEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  void refusesAWeight(double weight) {
    assertThatThrownBy(() -> optimiser.step(new Tensor[] {matrix(1), vector(1)}, weight))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("weight is " + weight);
  }

  @Test
  void aWeightThatMakesAGradientOverflowIsNamed() {
    assertThatThrownBy(() -> optimiser.step(new Tensor[] {matrix(1), vector(1)}, 1e200))
        .hasMessageContaining("is 1.0 at [0, 0] with weight 1.0E200");
  }

  @Test
  void aWeightOfZeroMovesNothing() {
    double[] mu = TribuoContractTest.flat(optimiser.accumulators(0));
    Tensor[] updates = optimiser.step(new Tensor[] {sparse(7), vector(3)}, 0);
    assertThat(Tensors.values(updates[0])).containsOnly(0);
    assertThat(TribuoContractTest.flat(optimiser.accumulators(0))).isEqualTo(mu);
  }

  @Test
  void refusesStepsWithoutParameters() {
    optimiser.reset();
    assertThatThrownBy(() -> optimiser.step(new Tensor[] {matrix(1), vector(1)}, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("call initialise");
    assertThatThrownBy(() -> new Sm3Optimiser(1).accumulators(0))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void refusesTensorsThatAreNeitherVectorsNorMatrices() {
    assertThatThrownBy(() -> optimiser.stateBytes(new int[] {2}, new int[] {2, 3, 4}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tensor 1 has the shape [2, 3, 4]");
  }

  @Test
  void refusesALearningRate() {
    assertThatThrownBy(() -> new Sm3Optimiser(-1)).hasMessageContaining("learning rate is -1.0");
    assertThatThrownBy(() -> new Sm3Optimiser(Double.NaN)).hasMessageContaining("NaN");
  }

  @Test
  void initialiseStartsAnew() {
    optimiser.initialise(
        new Weights(Tensors.dense(new double[6], 2, 3), Tensors.dense(new double[2], 2)));
    assertThat(optimiser.steps()).isZero();
    assertThat(TribuoContractTest.flat(optimiser.accumulators(0))).containsOnly(0);
  }
}
