package dev.mincover.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** When libtorch sees that weights changed: at swaps and steps, and at no other time. */
class TorchAverageTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);
  private static final Sm3 AVERAGED = SM3.average(Average.polyak(0.5));

  /** Where the weights lie. */
  enum Lay {
    CONTIGUOUS,
    WITH_GAPS;

    Tensor weights(float... values) {
      Tensor plain = Tensors.learning(values, ScalarType.Float, 2, 2);
      return this == CONTIGUOUS
          ? plain
          : TorchOptimizerTest.laid(
              plain, tensor -> torch.zeros(2, 4).narrow(1, 1, 2).copy_(tensor));
    }
  }

  @ParameterizedTest
  @EnumSource
  void theAverageTakesThePlaceOfTheWeightsUntilClosed(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      float[] expected = {1, 2, 3, 4};
      try (var optimizer = TorchOptimizer.bind(AVERAGED, Map.of("w", w), 1);
          var core = Optimizer.bind(AVERAGED, List.of(Parameter.of("w", expected, 2, 2)), 1)) {
        for (int t = 0; t < 3; t++) {
          float[] gradient = {1, -2, t, 0};
          w.mutable_grad().put(Tensors.of(gradient, 2, 2));
          optimizer.step();
          core.step(Map.of("w", Gradient.dense(gradient)));
        }
        float[] trained = expected.clone();
        long version = w._version();
        AverageSwap averaged = optimizer.swapInAverage();
        try (var _ = core.swapInAverage()) {
          assertThat(Tensors.values(w)).isEqualTo(expected).isNotEqualTo(trained);
        }
        assertThat(w._version()).isGreaterThan(version);
        assertThatThrownBy(optimizer::step).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(optimizer::swapInAverage).isInstanceOf(IllegalStateException.class);
        version = w._version();
        averaged.close();
        assertThat(Tensors.values(w)).isEqualTo(trained);
        assertThat(w._version()).isGreaterThan(version);
        version = w._version();
        averaged.close();
        assertThat(w._version()).isEqualTo(version);
        optimizer.step();
        assertThat(Tensors.values(w)).isNotEqualTo(trained);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void closingTheOptimizerBringsTheTrainedWeightsBack(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      TorchOptimizer optimizer = TorchOptimizer.bind(AVERAGED, Map.of("w", w), 1);
      w.sum().backward();
      optimizer.step();
      float[] trained = Tensors.values(w);
      AverageSwap averaged = optimizer.swapInAverage();
      assertThat(Tensors.values(w)).isNotEqualTo(trained);
      optimizer.close();
      assertThat(Tensors.values(w)).isEqualTo(trained);
      averaged.close();
      assertThat(Tensors.values(w)).isEqualTo(trained);
      assertThatThrownBy(optimizer::swapInAverage).isInstanceOf(IllegalStateException.class);
    }
  }

  /** A parameter that no gradient reaches may be overwritten; its average follows. */
  @ParameterizedTest
  @EnumSource
  void theAverageFollowsWeightsThatTheirOwnerOverwrites(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      Sm3 recipe = SM3.average(Average.tail(1)); // After its first step the weights themselves.
      try (var optimizer = TorchOptimizer.bind(recipe, Map.of("w", w), 1)) {
        try (var _ = new NoGradGuard()) {
          w.copy_(Tensors.of(new float[] {5, 6, 7, 8}, 2, 2));
        }
        optimizer.step();
        try (var _ = optimizer.swapInAverage()) {
          assertThat(Tensors.values(w)).containsExactly(5, 6, 7, 8);
        }
        assertThat(Tensors.values(w)).containsExactly(5, 6, 7, 8);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void memoryGivenWhileTheAverageIsInPlaceIsLeftAlone(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      try (var optimizer = TorchOptimizer.bind(AVERAGED, Map.of("w", w), 1)) {
        w.sum().backward();
        optimizer.step();
        AverageSwap averaged = optimizer.swapInAverage();
        w.__dispatch_set_data(Tensors.of(new float[] {5, 6, 7, 8}, 2, 2));
        averaged.close();
        assertThat(Tensors.values(w)).containsExactly(5, 6, 7, 8);
        assertThatThrownBy(optimizer::swapInAverage)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("'w' was given other memory");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSkippedStepIsNoChangeToAutograd(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      try (var optimizer = TorchOptimizer.bind(SM3.guard(Guard.SKIP), Map.of("w", w), 1)) {
        long version = w._version();
        w.mutable_grad().put(Tensors.of(new float[] {1, Float.NaN, 1, 1}, 2, 2));
        optimizer.step();
        assertThat(optimizer.core().skippedSteps()).isOne();
        assertThat(Tensors.values(w)).containsExactly(1, 2, 3, 4);
        assertThat(w._version()).isEqualTo(version);
        w.mutable_grad().put(torch.ones(2, 2));
        optimizer.step();
        assertThat(w._version()).isGreaterThan(version);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRefusedStepIsNoChangeToAutograd(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        long version = w._version();
        w.mutable_grad().put(Tensors.of(new float[] {1, Float.NaN, 1, 1}, 2, 2));
        assertThatThrownBy(optimizer::step).isInstanceOf(NonFiniteGradientException.class);
        assertThat(Tensors.values(w)).containsExactly(1, 2, 3, 4);
        assertThat(w._version()).isEqualTo(version);
      }
    }
  }

  /** Spoiled weights show, wherever they lie: silence would hide what the exception reports. */
  @ParameterizedTest
  @EnumSource
  void anUncheckedStepThatFailsIsAChange(Lay lay) {
    try (var _ = new PointerScope()) {
      Tensor w = lay.weights(1, 2, 3, 4);
      try (var optimizer = TorchOptimizer.bind(SM3.guard(Guard.UNCHECKED), Map.of("w", w), 1)) {
        long version = w._version();
        w.mutable_grad().put(Tensors.of(new float[] {1, Float.NaN, 1, 1}, 2, 2));
        assertThatThrownBy(optimizer::step).isInstanceOf(NonFiniteGradientException.class);
        assertThat(Tensors.values(w)).contains(Float.NaN);
        assertThat(w._version()).isGreaterThan(version);
      }
    }
  }

  @Test
  void withoutAnAverageNoneIsSwappedIn() {
    try (var _ = new PointerScope()) {
      Tensor w = Lay.CONTIGUOUS.weights(1, 2, 3, 4);
      try (var optimizer = TorchOptimizer.bind(SM3, Map.of("w", w), 1)) {
        assertThatThrownBy(optimizer::swapInAverage).isInstanceOf(IllegalStateException.class);
        w.sum().backward();
        optimizer.step();
        assertThat(Tensors.values(w)).containsExactly(0.9f, 1.9f, 2.9f, 3.9f);
      }
    }
  }
}
