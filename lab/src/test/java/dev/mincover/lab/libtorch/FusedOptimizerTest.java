package dev.mincover.lab.libtorch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.torch.TorchOptimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Mincover against libtorch's own kernels, where both have the same optimizer: equal weights and
 * gradients stay equal but for rounding.
 */
class FusedOptimizerTest {

  private static final int STEPS = 25;
  private static final double ETA = 0.03;

  /**
   * Each of 25 steps rounds weights between 1/2 and 1 by up to 3e-8, in either; of a weight that
   * has come close to 0 this is what shows.
   */
  private static final double ABSOLUTE = 5e-7;

  /** As ABSOLUTE, for larger weights, whose last place is larger. */
  private static final double RELATIVE = 1e-6;

  private static final long[][] SHAPES = {
    {}, {1}, {33}, {17, 31}, {64, 129}, {1, 7}, {7, 1}, {4, 3, 7}, {8, 3, 3, 3}
  };

  static Stream<Arguments> optimizers() {
    Function<List<Tensor>, FusedOptimizer> adam = w -> new FusedAdam(w, 0.9, 0.999, 1e-8);
    Function<List<Tensor>, FusedOptimizer> otherAdam = w -> new FusedAdam(w, 0.7, 0.95, 1e-2);
    Function<List<Tensor>, FusedOptimizer> adamW = w -> new FusedAdamW(w, 0.9, 0.999, 1e-8, 0.3);
    // Epsilon 0 is the paper's rule in both; gradients have no zeros, which libtorch divides by.
    Function<List<Tensor>, FusedOptimizer> adaGrad = w -> new FusedAdagrad(w, 0);
    Adam recipe = Adam.learningRate(ETA);
    return Stream.of(
        Arguments.argumentSet("Adam", recipe, adam),
        Arguments.argumentSet(
            "Adam, other averages", recipe.betas(0.7, 0.95).epsilon(1e-2), otherAdam),
        Arguments.argumentSet("AdamW", recipe.weightDecay(0.3), adamW),
        Arguments.argumentSet("AdaGrad", Sm3.adaGrad(ETA), adaGrad));
  }

  @ParameterizedTest
  @MethodSource("optimizers")
  void learnsLikeTheFusedKernel(Recipe recipe, Function<List<Tensor>, FusedOptimizer> kernel) {
    try (var _ = new PointerScope()) {
      Random random = new Random(34);
      Map<String, Tensor> ours = new LinkedHashMap<>();
      List<Tensor> theirs = new ArrayList<>();
      for (long[] shape : SHAPES) {
        float[] initial = Tensors.gaussians(random, shape);
        ours.put("w" + theirs.size(), Tensors.learning(initial, shape));
        theirs.add(Tensors.learning(initial, shape));
      }
      List<Tensor> our = List.copyOf(ours.values());
      try (var optimizer = TorchOptimizer.bind(recipe, ours, 2);
          FusedOptimizer fused = kernel.apply(theirs)) {
        for (int t = 1; t <= STEPS; t++) {
          for (int i = 0; i < SHAPES.length; i++) {
            // Of all sizes from one tensor to the next, so that epsilon counts in some.
            float[] gradient = Tensors.gaussians(random, SHAPES[i]);
            Tensor scaled = Tensors.of(scale(gradient, Math.pow(10, 2 - i)), SHAPES[i]);
            our.get(i).mutable_grad().put(scaled);
            theirs.get(i).mutable_grad().put(scaled.clone());
          }
          optimizer.step();
          fused.step(ETA);
          for (int i = 0; i < SHAPES.length; i++) {
            assertClose(our.get(i), theirs.get(i), "step %d, tensor %d".formatted(t, i));
          }
        }
      }
    }
  }

  /** Two steps worked out by hand: no two of the kernels' arguments may have changed places. */
  @Test
  void theKernelsTakeTheirArgumentsInTheOrderGiven() {
    try (var _ = new PointerScope()) {
      // m = 0.25, 0.625; v = 0.2, 0.96; corrected m = 1, 1.4286; corrected v = 1, 2.6667
      Tensor adam = Tensors.learning(new float[] {1}, 1);
      double m = (0.75 * 0.25 + 0.25 * 2) / (1 - 0.75 * 0.75);
      double v = (0.8 * 0.2 + 0.2 * 4) / (1 - 0.8 * 0.8);
      double first = 1 - 0.5 * (1 / (1 + 0.125));
      assertTwoSteps(
          adam,
          new FusedAdam(List.of(adam), 0.75, 0.8, 0.125),
          first - 0.5 * m / (Math.sqrt(v) + 0.125),
          2 * 4 + 4);

      Tensor adamW = Tensors.learning(new float[] {1}, 1);
      double decayed = 1 - 0.5 * 0.0625;
      double firstW = decayed - 0.5 * (1 / (1 + 0.125));
      assertTwoSteps(
          adamW,
          new FusedAdamW(List.of(adamW), 0.75, 0.8, 0.125, 0.0625),
          firstW * decayed - 0.5 * m / (Math.sqrt(v) + 0.125),
          2 * 4 + 4);

      Tensor adaGrad = Tensors.learning(new float[] {1}, 1);
      assertTwoSteps(
          adaGrad,
          new FusedAdagrad(List.of(adaGrad), 0.125),
          first - 0.5 * 2 / (Math.sqrt(5) + 0.125),
          4 + 4);

      // m = 1, 0.75 + 2
      Tensor sgd = Tensors.learning(new float[] {1}, 1);
      assertTwoSteps(sgd, new FusedSgd(List.of(sgd), 0.75), 1 - 0.5 * 1 - 0.5 * 2.75, 4);
      Tensor plain = Tensors.learning(new float[] {1}, 1);
      assertTwoSteps(plain, new FusedSgd(List.of(plain), 0), 1 - 0.5 * 1 - 0.5 * 2, 0);
    }
  }

  /** Gradients 1 and 2 at a learning rate of 0.5. */
  private static void assertTwoSteps(
      Tensor weight, FusedOptimizer fused, double expected, long stateBytes) {
    try (fused) {
      assertThat(fused.stateBytes()).isEqualTo(stateBytes);
      for (float gradient : new float[] {1, 2}) {
        weight.mutable_grad().put(Tensors.of(new float[] {gradient}, 1));
        fused.step(0.5);
      }
      assertThat((double) Tensors.values(weight)[0]).isCloseTo(expected, within(1e-6));
    }
  }

  @Test
  void sgdIsAHeavyBallForEveryShape() {
    Random random = new Random(56);
    try (var _ = new PointerScope()) {
      List<Tensor> weights = new ArrayList<>();
      List<double[]> expected = new ArrayList<>();
      List<double[]> momentum = new ArrayList<>();
      for (long[] shape : SHAPES) {
        float[] initial = Tensors.gaussians(random, shape);
        weights.add(Tensors.learning(initial, shape));
        expected.add(IntStream.range(0, initial.length).mapToDouble(i -> initial[i]).toArray());
        momentum.add(new double[initial.length]);
      }
      try (FusedOptimizer sgd = new FusedSgd(weights, 0.9)) {
        for (int t = 1; t <= STEPS; t++) {
          double eta = ETA / t;
          for (int i = 0; i < SHAPES.length; i++) {
            float[] gradient = Tensors.gaussians(random, SHAPES[i]);
            weights.get(i).mutable_grad().put(Tensors.of(gradient, SHAPES[i]));
            for (int j = 0; j < gradient.length; j++) {
              double m = 0.9 * momentum.get(i)[j] + gradient[j];
              momentum.get(i)[j] = m;
              expected.get(i)[j] -= eta * m;
            }
          }
          sgd.step(eta);
        }
      }
      for (int i = 0; i < SHAPES.length; i++) {
        float[] values = Tensors.values(weights.get(i));
        for (int j = 0; j < values.length; j++) {
          assertThat((double) values[j])
              .as("tensor %d, value %d", i, j)
              .isCloseTo(expected.get(i)[j], within(2e-6));
        }
      }
    }
  }

  @Test
  void aWeightWithoutGradientIsLeftAndCountsNoStep() {
    try (var _ = new PointerScope()) {
      Tensor early = Tensors.learning(new float[] {1}, 1);
      Tensor late = Tensors.learning(new float[] {1}, 1);
      try (FusedOptimizer adam = new FusedAdam(List.of(early, late), 0.9, 0.999, 1e-8)) {
        early.mutable_grad().put(torch.ones(1));
        adam.step(0.5);
        assertThat(Tensors.values(late)).containsExactly(1);
        early.mutable_grad().reset();
        late.mutable_grad().put(torch.ones(1));
        adam.step(0.5);
        // A second step would be corrected for less bias and so be smaller.
        assertThat(Tensors.values(late)).isEqualTo(Tensors.values(early));
      }
    }
  }

  @Test
  void gradientsThatAreHeldAreReadAtEveryStep() {
    try (var _ = new PointerScope()) {
      Tensor weight = Tensors.learning(new float[] {1, 1}, 2);
      Tensor held = Tensors.learning(new float[] {1, 1}, 2);
      try (FusedOptimizer plain = new FusedAdam(List.of(weight), 0.9, 0.999, 1e-8);
          FusedOptimizer holding = new FusedAdam(List.of(held), 0.9, 0.999, 1e-8)) {
        assertThatThrownBy(holding::holdGradients).hasMessageContaining("not all weights");
        held.mutable_grad().put(torch.empty(2));
        holding.holdGradients();
        for (float[] gradient : new float[][] {{1, -2}, {3, 0.5f}}) {
          weight.mutable_grad().put(Tensors.of(gradient, 2));
          held.grad().copy_(Tensors.of(gradient, 2));
          plain.step(0.5);
          holding.step(0.5);
        }
      }
      assertThat(Tensors.values(held)).isEqualTo(Tensors.values(weight)).isNotEqualTo(new float[2]);
    }
  }

  @Test
  void theKernelsRefuseWhatTheyWouldReadInAnotherOrder() {
    try (var _ = new PointerScope()) {
      Tensor transposed = torch.zeros(2, 3).t();
      assertThatThrownBy(() -> new FusedAdagrad(List.of(transposed), 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("[3, 2] is not contiguous");
      Tensor w = Tensors.learning(new float[6], 3, 2);
      w.mutable_grad().put(transposed);
      try (FusedOptimizer adaGrad = new FusedAdagrad(List.of(w), 0)) {
        assertThatThrownBy(() -> adaGrad.step(1)).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  private static float[] scale(float[] values, double factor) {
    for (int i = 0; i < values.length; i++) {
      values[i] *= (float) factor;
    }
    return values;
  }

  private static void assertClose(Tensor actual, Tensor expected, String what) {
    float[] values = Tensors.values(actual);
    float[] reference = Tensors.values(expected);
    for (int i = 0; i < values.length; i++) {
      assertThat((double) values[i])
          .as("%s, value %d", what, i)
          .isCloseTo(reference[i], within(ABSOLUTE + RELATIVE * Math.abs(reference[i])));
    }
  }
}
