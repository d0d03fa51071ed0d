package dev.mincover.lab.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataParallelTest {

  private static final GptConfig CONFIG = new GptConfig(2, 16, 2, 8);

  /** Five rows do not divide evenly, and seven threads are more than there are rows. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void sharesAddUpToTheWholeBatch(int threads) {
    Batch batch = batch(5);
    float[] expected;
    float expectedLoss;
    try (var _ = new PointerScope();
        Gpt model = new Gpt(CONFIG, 1)) {
      Tensor loss =
          model.loss(Tensor.create(batch.inputs(), 5, 8), Tensor.create(batch.targets(), 5, 8));
      loss.backward();
      expectedLoss = loss.item_float();
      expected = gradient(model);
    }
    try (Gpt model = new Gpt(CONFIG, 1);
        DataParallel parallel = new DataParallel(model, threads)) {
      assertThat(parallel.lossAndGradient(batch)).isCloseTo(expectedLoss, within(1e-5f));
      assertThat(gradient(model)).containsExactly(expected, within(1e-6f));
      assertThat(parallel.loss(batch, 5)).isCloseTo(expectedLoss, within(1e-5f));
    }
  }

  /** The same bytes occur in several shares and more than once in each. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void sparseSharesAddUpToTheDenseGradient(int threads) {
    GptConfig untied = new GptConfig(2, 16, 2, 8, false);
    Batch batch = batch(5);
    for (int i = 0; i < batch.inputs().length; i += 3) {
      batch.inputs()[i] = 7;
    }
    float[] expected;
    try (Gpt model = new Gpt(untied, 1);
        DataParallel parallel = new DataParallel(model, 1)) {
      parallel.lossAndGradient(batch);
      expected = gradient(model, "wte.weight");
    }
    try (Gpt model = new Gpt(untied, 1, WeightType.FLOAT32, true);
        DataParallel parallel = new DataParallel(model, threads)) {
      for (int round = 0; round < 2; round++) {
        parallel.lossAndGradient(batch);
        Tensor embedding = requireNonNull(model.parameters().get("wte.weight"));
        assertThat(embedding.grad().is_sparse()).isTrue();
        assertThat(gradient(model, "wte.weight")).containsExactly(expected, within(1e-6f));
        embedding.mutable_grad().reset();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void equalThreadsGiveEqualBits(int threads) {
    float[] first = null;
    for (int round = 0; round < 3; round++) {
      try (Gpt model = new Gpt(CONFIG, 1);
          DataParallel parallel = new DataParallel(model, threads)) {
        parallel.lossAndGradient(batch(6));
        float[] gradient = gradient(model);
        assertThat(gradient).isEqualTo(first == null ? gradient : first);
        first = gradient;
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void onlyTheFirstRowsCountWhenFewerAreJudged(int threads) {
    try (Gpt model = new Gpt(CONFIG, 1);
        DataParallel parallel = new DataParallel(model, threads)) {
      Batch batch = batch(4);
      float before = parallel.loss(batch, 3);
      batch.inputs()[3 * 8] ^= 1;
      assertThat(parallel.loss(batch, 3)).isEqualTo(before);
      assertThat(parallel.loss(batch, 4)).isNotEqualTo(before);
    }
  }

  private static Batch batch(int size) {
    byte[] text = new byte[500];
    new Random(1).nextBytes(text);
    Batch batch = new Batch(size, 8);
    new Batches(text, 1).fill(batch);
    return batch;
  }

  private static float[] gradient(Gpt model) {
    return gradient(model, "h.0.attn.c_attn.weight");
  }

  private static float[] gradient(Gpt model, String name) {
    try (var _ = new PointerScope()) {
      Tensor gradient = requireNonNull(model.parameters().get(name)).grad();
      Tensor dense = gradient.is_sparse() ? gradient.to_dense() : gradient.contiguous();
      float[] values = new float[(int) dense.numel()];
      dense.data_ptr_float().get(values);
      return values;
    }
  }
}
