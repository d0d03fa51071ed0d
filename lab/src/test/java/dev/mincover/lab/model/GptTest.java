package dev.mincover.lab.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.libtorch.Libtorch;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.torch.TorchOptimizer;
import java.util.Arrays;
import java.util.Random;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class GptTest {

  private static final GptConfig SMALL = new GptConfig(2, 16, 2, 8);
  private static final GptConfig UNTIED = new GptConfig(2, 16, 2, 8, false);

  @BeforeAll
  static void useOneThreadAnOperation() {
    Libtorch.useOneThreadAnOperation(); // As training does; more only wait for each other here.
  }

  @Test
  void hasAsManyWeightsAsItsConfigurationSays() {
    GptConfig standard = new GptConfig(4, 128, 4, 128);
    assertThat(standard.parameterCount()).isEqualTo(842_496);
    GptConfig untied = new GptConfig(4, 128, 4, 128, false);
    assertThat(untied.parameterCount()).isEqualTo(842_496 + 256 * 128);
    for (GptConfig config :
        new GptConfig[] {SMALL, UNTIED, standard, untied, new GptConfig(1, 6, 3, 5)}) {
      try (Gpt model = new Gpt(config, 1)) {
        assertThat(model.parameterCount()).isEqualTo(config.parameterCount());
      }
    }
  }

  @Test
  void namesAreThoseOfGpt2() {
    try (Gpt model = new Gpt(SMALL, 1)) {
      assertThat(model.parameters().keySet())
          .startsWith("wte.weight", "wpe.weight", "h.0.ln_1.weight", "h.0.ln_1.bias")
          .contains("h.1.attn.c_attn.weight", "h.1.mlp.c_proj.bias")
          .endsWith("ln_f.weight", "ln_f.bias");
    }
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void startsOutKnowingNothing(WeightType type) {
    try (var _ = new PointerScope();
        Gpt model = new Gpt(SMALL, 1, type, false)) {
      Tensor tokens = tokens(new Random(1), 16, 8);
      assertThat(model.loss(tokens, tokens(new Random(2), 16, 8)).item_float())
          .isCloseTo((float) Math.log(256), within(0.05f));
    }
  }

  @Test
  void noPlaceSeesWhatComesAfterIt() {
    try (var _ = new PointerScope();
        Gpt model = new Gpt(SMALL, 1)) {
      long[] text = {5, 6, 7, 8, 9, 10, 11, 12};
      float[] before = values(model.logits(Tensor.create(text, 1, 8)));
      text[5] = 200;
      float[] after = values(model.logits(Tensor.create(text, 1, 8)));
      int changed = 5 * 256;
      assertThat(Arrays.copyOf(after, changed)).isEqualTo(Arrays.copyOf(before, changed));
      for (int place = 5; place < 8; place++) {
        assertThat(Arrays.copyOfRange(after, place * 256, (place + 1) * 256))
            .isNotEqualTo(Arrays.copyOfRange(before, place * 256, (place + 1) * 256));
      }
    }
  }

  @Test
  void equalSeedsGiveEqualBits() {
    try (Gpt one = new Gpt(SMALL, 7);
        Gpt same = new Gpt(SMALL, 7);
        Gpt other = new Gpt(SMALL, 8)) {
      assertThat(values(weight(same))).isEqualTo(values(weight(one)));
      assertThat(values(weight(other))).isNotEqualTo(values(weight(one)));
    }
  }

  @Test
  void anUntiedModelReadsOutWithAMatrixOfItsOwn() {
    try (var _ = new PointerScope();
        Gpt tied = new Gpt(SMALL, 1);
        Gpt untied = new Gpt(UNTIED, 1)) {
      assertThat(untied.parameters().keySet())
          .startsWith("wte.weight")
          .endsWith("lm_head.weight")
          .containsAll(tied.parameters().keySet());
      tied.parameters()
          .forEach((name, tensor) ->
              assertThat(values(parameter(untied, name))).as(name).isEqualTo(values(tensor)));
      Tensor tokens = tokens(new Random(1), 2, 8);
      float[] before = values(untied.logits(tokens));
      assertThat(before).isNotEqualTo(values(tied.logits(tokens)));
      parameter(untied, "lm_head.weight").detach().mul_(new Scalar(2.0));
      float[] after = values(untied.logits(tokens));
      for (int i = 0; i < before.length; i++) {
        assertThat(after[i]).isEqualTo(2 * before[i]);
      }
    }
  }

  @Test
  void anUntiedEmbeddingCanHaveSparseGradients() {
    float[] dense = embeddingGradient(new Gpt(UNTIED, 1, WeightType.FLOAT32, false), false);
    float[] sparse = embeddingGradient(new Gpt(UNTIED, 1, WeightType.FLOAT32, true), true);
    assertThat(sparse).containsExactly(dense, within(1e-7f));
    embeddingGradient(new Gpt(SMALL, 1, WeightType.FLOAT32, true), false);
    try (Gpt model = new Gpt(UNTIED, 1, WeightType.FLOAT32, true)) {
      embeddingGradient(model.replica(), true);
    }
  }

  private static float[] embeddingGradient(Gpt toClose, boolean sparse) {
    try (var _ = new PointerScope();
        Gpt model = toClose) {
      Tensor tokens = Tensor.create(new long[] {3, 1, 3, 200}, 2, 2);
      model.loss(tokens, tokens).backward();
      Tensor gradient = parameter(model, "wte.weight").grad();
      assertThat(gradient.is_sparse()).isEqualTo(sparse);
      return values(sparse ? gradient.to_dense() : gradient);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = WeightType.class,
      names = {"BFLOAT16", "FLOAT16"})
  void computesInTheTypeOfItsWeights(WeightType type) {
    try (var _ = new PointerScope();
        Gpt exact = new Gpt(SMALL, 1);
        Gpt model = new Gpt(SMALL, 1, type, false)) {
      Tensor tokens = tokens(new Random(1), 4, 8);
      Tensor loss = model.loss(tokens, tokens);
      assertThat(loss.scalar_type().intern()).isEqualTo(ScalarType.Float);
      assertThat(loss.item_float())
          .isCloseTo(exact.loss(tokens, tokens).item_float(), within(0.02f));
      loss.backward();
      assertThat(model.parameters().values())
          .allSatisfy(tensor -> {
            assertThat(tensor.scalar_type().intern()).isEqualTo(type.engine());
            assertThat(tensor.grad().scalar_type().intern()).isEqualTo(type.engine());
          });
      assertThat(new TextGenerator(model, 0.7, 1).generate(new byte[] {'\n'}, 5)).hasSize(5);
    }
  }

  @Test
  void vectorsAreKnownByTheirNames() {
    try (Gpt model = new Gpt(UNTIED, 1)) {
      model
          .parameters()
          .forEach((name, tensor) ->
              assertThat(
                      Gpt.VECTORS.stream()
                          .anyMatch(pattern -> new ByName.Rule<>(pattern, "").matches(name)))
                  .as(name)
                  .isEqualTo(tensor.dim() == 1));
    }
  }

  @Test
  void learnsATextByHeartAndWritesIt() {
    byte[] text = "the quick brown fox".getBytes(UTF_8);
    GptConfig config = new GptConfig(2, 32, 2, text.length - 1);
    Sm3 recipe = Sm3.learningRate(0.1).momentum(Momentum.average(0.9));
    try (Gpt model = new Gpt(config, 1);
        TorchOptimizer optimizer = TorchOptimizer.bind(recipe, model.parameters(), 2)) {
      float loss = Float.NaN;
      for (int step = 0; step < 150; step++) {
        try (var _ = new PointerScope()) {
          Tensor loss1 = model.loss(window(text, 0), window(text, 1));
          loss1.backward();
          loss = loss1.item_float();
          optimizer.step();
          optimizer.zeroGradients();
        }
      }
      assertThat(loss).isLessThan(0.05f);
      byte[] written =
          new TextGenerator(model, 0, 1).generate(Arrays.copyOf(text, 3), text.length - 3);
      assertThat(written).isEqualTo(Arrays.copyOfRange(text, 3, text.length));
    }
  }

  @Test
  void trainingStepsDoNotLeakNativeMemory() {
    try (Gpt model = new Gpt(SMALL, 1);
        TorchOptimizer optimizer =
            TorchOptimizer.bind(Sm3.learningRate(0.01), model.parameters(), 1)) {
      long settled = 0;
      for (int step = 0; step < 600; step++) {
        if (step == 200) {
          settled = Pointer.physicalBytes();
        }
        try (var _ = new PointerScope()) {
          // Logits alone are 1 MiB a step.
          Tensor tokens = tokens(new Random(step), 128, 8);
          model.loss(tokens, tokens).backward();
          optimizer.step();
          optimizer.zeroGradients();
        }
      }
      assertThat(Pointer.physicalBytes() - settled).isLessThan(100L << 20);
    }
  }

  @Test
  void impossibleSizesAreRefused() {
    assertThatThrownBy(() -> new GptConfig(1, 10, 4, 8))
        .hasMessage("width 10 is not divisible by heads 4; choose a multiple, for example 12");
    assertThatThrownBy(() -> new GptConfig(0, 8, 4, 8)).hasMessageContaining("layers is 0");
    assertThatThrownBy(() -> new GptConfig(1, 8, 4, -1)).hasMessageContaining("context is -1");
  }

  /** The values as float32, which is exact for every type of weights. */
  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    tensor.detach().to(ScalarType.Float).contiguous().data_ptr_float().get(values);
    return values;
  }

  private static Tensor weight(Gpt model) {
    return parameter(model, "h.1.attn.c_attn.weight");
  }

  private static Tensor parameter(Gpt model, String name) {
    return requireNonNull(model.parameters().get(name), name);
  }

  private static Tensor tokens(Random random, int batch, int length) {
    return Tensor.create(random.longs((long) batch * length, 0, 256).toArray(), batch, length);
  }

  private static Tensor window(byte[] text, int from) {
    long[] window = new long[text.length - 1];
    for (int i = 0; i < window.length; i++) {
      window[i] = text[from + i];
    }
    return Tensor.create(window, 1, window.length);
  }
}
