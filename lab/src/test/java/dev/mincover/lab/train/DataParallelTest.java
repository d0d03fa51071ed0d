package dev.mincover.lab.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
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
    Tensor weight = requireNonNull(model.parameters().get("h.0.attn.c_attn.weight"));
    float[] values = new float[(int) weight.numel()];
    weight.grad().contiguous().data_ptr_float().get(values);
    return values;
  }
}
