package dev.mincover.lab.libtorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class StockOptimizerTest {

  /** Gradients 1 and 2 at learning rates 0.5 and 0.25, with libtorch's default constants. */
  private static float twoSteps(Tensor weight, LibtorchOptimizer optimizer) {
    try (optimizer) {
      weight.mutable_grad().put(Tensors.of(new float[] {1}, 1));
      optimizer.step(0.5);
      weight.mutable_grad().put(Tensors.of(new float[] {2}, 1));
      optimizer.step(0.25);
      return Tensors.values(weight)[0];
    }
  }

  @Test
  void itLearnsAsItsFusedSister() {
    try (var _ = new PointerScope()) {
      Tensor weight = Tensors.learning(new float[] {1}, 1);
      Tensor fused = Tensors.learning(new float[] {1}, 1);
      assertThat(twoSteps(weight, StockOptimizer.adam(List.of(weight))))
          .isCloseTo(
              twoSteps(fused, new FusedAdam(List.of(fused), 0.9, 0.999, 1e-8)), within(1e-6f));
      weight = Tensors.learning(new float[] {1}, 1);
      fused = Tensors.learning(new float[] {1}, 1);
      assertThat(twoSteps(weight, StockOptimizer.adagrad(List.of(weight))))
          .isCloseTo(twoSteps(fused, new FusedAdagrad(List.of(fused), 1e-10)), within(1e-6f));
    }
  }

  @Test
  void itTellsTheBytesOfItsState() {
    try (var _ = new PointerScope()) {
      List<Tensor> weights = List.of(Tensors.learning(new float[6], 2, 3));
      StockOptimizer adam = StockOptimizer.adam(weights);
      assertThat(adam.stateBytes()).isEqualTo(2 * 4 * 6 + 8);
      adam.close();
      adam.close();
      assertThat(adam.stateBytes()).isZero();
      try (StockOptimizer adagrad = StockOptimizer.adagrad(weights)) {
        assertThat(adagrad.stateBytes()).isEqualTo(4 * 6 + 8);
      }
    }
  }
}
