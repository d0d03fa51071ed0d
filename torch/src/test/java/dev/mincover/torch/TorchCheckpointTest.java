package dev.mincover.torch;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.RecipeChanges;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A module that is saved and loaded trains on with the same bits. */
class TorchCheckpointTest {

  private static final Sm3 RECIPE = Sm3.learningRate(0.1).momentum(Momentum.average(0.9));

  @TempDir private Path folder;

  /** Weights of each kind of layout: as usual, transposed, with gaps, in 16 bits, and frozen. */
  private static Map<String, Tensor> model(long seed) {
    Random random = new Random(seed);
    Map<String, Tensor> weights = new LinkedHashMap<>();
    weights.put("plain.weight", learning(random, ScalarType.Float));
    weights.put(
        "turned.weight",
        TorchOptimizerTest.laid(
            learning(random, ScalarType.Float), each -> each.t().contiguous().t()));
    UnaryOperator<Tensor> gaps = each -> torch.zeros(4, 6).narrow(1, 1, 3).copy_(each);
    weights.put("gaps.weight", TorchOptimizerTest.laid(learning(random, ScalarType.Float), gaps));
    weights.put("half.weight", learning(random, ScalarType.BFloat16));
    weights.put("frozen.weight", learning(random, ScalarType.Float).detach());
    return weights;
  }

  private static Tensor get(Map<String, Tensor> model, String name) {
    return requireNonNull(model.get(name));
  }

  private static Tensor learning(Random random, ScalarType type) {
    return Tensors.learning(Tensors.gaussians(random, 4, 3), type, 4, 3);
  }

  private static void train(TorchOptimizer optimizer, Map<String, Tensor> model, int from, int to) {
    for (int t = from; t < to; t++) {
      Random random = new Random(100 + t);
      for (Tensor weight : model.values()) {
        float[] gradient = Tensors.gaussians(random, 4, 3);
        if (weight.requires_grad()) {
          weight.mutable_grad().put(Tensors.of(gradient, 4, 3).to(weight.scalar_type()));
        }
      }
      optimizer.step();
    }
  }

  @Test
  void goesOnWithTheSameBits() throws IOException {
    Path file = folder.resolve("checkpoint.safetensors");
    try (var _ = new PointerScope()) {
      Map<String, Tensor> expected = model(1);
      Map<String, Tensor> resumed = model(2);
      try (TorchOptimizer whole = TorchOptimizer.bind(RECIPE, expected, 2);
          TorchOptimizer other = TorchOptimizer.bind(RECIPE, resumed, 1)) {
        train(whole, expected, 0, 3);
        whole.save(file, Map.of("epoch", "2"));
        train(whole, expected, 3, 6);
        train(other, resumed, 0, 1);
        long version = get(resumed, "plain.weight")._version();
        assertThat(other.load(file, RecipeChanges.LEARNING_RATE))
            .containsExactly(Map.entry("epoch", "2"));
        assertThat(get(resumed, "plain.weight")._version()).isGreaterThan(version);
        train(other, resumed, 3, 6);
        for (String name : expected.keySet()) {
          assertThat(Tensors.values(get(resumed, name)))
              .as(name)
              .isEqualTo(Tensors.values(get(expected, name)));
        }
      }
    }
    try (SafetensorsFile saved = SafetensorsFile.open(file)) {
      assertThat(saved.find("plain.weight").orElseThrow().format()).isEqualTo("F32 [4, 3]");
      assertThat(saved.find("half.weight").orElseThrow().format()).isEqualTo("BF16 [4, 3]");
      assertThat(saved.find("optimizer/plain.weight/mu.0")).isPresent();
    }
  }

  @Test
  void weightsThatHaveMovedAreRefused() {
    try (var _ = new PointerScope()) {
      Map<String, Tensor> model = model(1);
      try (TorchOptimizer optimizer = TorchOptimizer.bind(RECIPE, model, 1);
          var _ = new NoGradGuard()) {
        Tensor weight = get(model, "plain.weight");
        weight.set_data(torch.zeros(4, 3));
        assertThatThrownBy(() -> optimizer.save(folder.resolve("moved"), Map.of()))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("plain.weight");
        assertThat(folder).isEmptyDirectory();
      }
    }
  }
}
