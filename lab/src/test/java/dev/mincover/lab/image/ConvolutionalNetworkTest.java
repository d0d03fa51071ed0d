package dev.mincover.lab.image;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.model.WeightType;
import dev.mincover.recipe.Sm3;
import dev.mincover.torch.TorchOptimizer;
import java.util.Arrays;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConvolutionalNetworkTest {

  @ParameterizedTest
  @CsvSource({"1,3,FLOAT32", "2,4,BFLOAT16", "3,2,FLOAT16", "4,1,FLOAT32"})
  void theNumberOfWeightsIsKnownBefore(int layers, int width, WeightType type) {
    ConvolutionConfig config = new ConvolutionConfig(layers, width);
    try (var model = new ConvolutionalNetwork(config, 1, type)) {
      assertThat(model.parameterCount()).isEqualTo(config.parameterCount());
      assertThat(model.guesses(new long[2 * Digits.PIXELS])).hasSize(2);
    }
  }

  @Test
  void sizesOutOfRangeAreRefused() {
    assertThatThrownBy(() -> new ConvolutionConfig(5, 1))
        .hasMessage("layers is 5; it must be at least 1 and at most 4: each halves the picture");
    assertThatThrownBy(() -> new ConvolutionConfig(1, 0))
        .hasMessage("width is 0; it must be at least 1 and at most 1024");
  }

  /** Rank 4: one number for each of the outputs, inputs, rows and columns of a kernel. */
  @Test
  void aKernelTakesTheSumOfItsDimensions() {
    ConvolutionConfig config = new ConvolutionConfig(2, 4);
    try (var model = new ConvolutionalNetwork(config, 1, WeightType.FLOAT32)) {
      String name = "conv.1.weight";
      Map<String, Tensor> kernel = Map.of(name, requireNonNull(model.parameters().get(name)));
      try (TorchOptimizer optimizer = TorchOptimizer.bind(Sm3.learningRate(0.1), kernel, 1)) {
        assertThat(Arrays.stream(optimizer.core().accumulators(name)).map(mu -> mu.length))
            .containsExactly(8, 4, 3, 3);
      }
    }
  }

  /** Bright and dark pictures are told apart after a few steps. */
  @Test
  void itLearns() {
    ConvolutionConfig config = new ConvolutionConfig(1, 2);
    long[] pixels = new long[4 * Digits.PIXELS];
    Arrays.fill(pixels, 0, 2 * Digits.PIXELS, 255);
    long[] digits = {3, 3, 8, 8};
    try (var model = new ConvolutionalNetwork(config, 1, WeightType.FLOAT32);
        TorchOptimizer optimizer =
            TorchOptimizer.bind(Sm3.learningRate(0.1), model.parameters(), 1)) {
      for (int step = 0; step < 20; step++) {
        try (var _ = new PointerScope()) {
          model
              .loss(Tensor.create(pixels, 4, Digits.PIXELS), Tensor.create(digits, 4, 1))
              .backward();
          optimizer.step();
          optimizer.zeroGradients();
        }
      }
      assertThat(model.guesses(pixels)).containsExactly(3, 3, 8, 8);
    }
  }
}
