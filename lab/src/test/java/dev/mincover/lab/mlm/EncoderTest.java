package dev.mincover.lab.mlm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class EncoderTest {

  private static final GptConfig CONFIG = new GptConfig(2, 16, 2, 8);

  private static float loss(Encoder model, long[] inputs, long[] targets) {
    try (var _ = new PointerScope()) {
      return model
          .loss(Tensor.create(inputs, 1, inputs.length), Tensor.create(targets, 1, targets.length))
          .item_float();
    }
  }

  private static long[] onlyTarget(int at) {
    long[] targets = new long[8];
    Arrays.fill(targets, Batch.IGNORED);
    targets[at] = 65;
    return targets;
  }

  @ParameterizedTest
  @EnumSource(WeightType.class)
  void theNumberOfWeightsIsKnownBefore(WeightType type) {
    try (Encoder model = new Encoder(CONFIG, 1, type)) {
      assertThat(Encoder.parameterCount(CONFIG)).isEqualTo(model.parameterCount());
      assertThat(loss(model, new long[8], onlyTarget(3))).isFinite();
    }
  }

  /** Unlike a GPT, it sees both sides of what it guesses. */
  @Test
  void everyPositionSeesAllOthers() {
    try (Encoder model = new Encoder(CONFIG, 1, WeightType.FLOAT32)) {
      long[] inputs = {1, 2, 3, Masking.MASK, 5, 6, 7, 8};
      float before = loss(model, inputs, onlyTarget(3));
      for (int other : new int[] {0, 7}) {
        long[] changed = inputs.clone();
        changed[other] = 99;
        assertThat(loss(model, changed, onlyTarget(3))).isNotEqualTo(before);
      }
    }
  }

  @Test
  void targetsThatAreIgnoredChangeNothing() {
    try (Encoder model = new Encoder(CONFIG, 1, WeightType.FLOAT32)) {
      long[] inputs = {1, 2, 3, 4, 5, 6, 7, 8};
      long[] both = onlyTarget(3);
      both[5] = 70;
      float mean = (loss(model, inputs, onlyTarget(3)) + loss(model, inputs, second())) / 2;
      assertThat(loss(model, inputs, both)).isCloseTo(mean, within(1e-5f));
    }
  }

  private static long[] second() {
    long[] targets = onlyTarget(3);
    targets[3] = Batch.IGNORED;
    targets[5] = 70;
    return targets;
  }

  @Test
  void equalSeedsGiveEqualWeights() {
    long[] inputs = {1, 2, 3, 4, 5, 6, 7, 8};
    try (Encoder one = new Encoder(CONFIG, 4, WeightType.FLOAT32);
        Encoder same = new Encoder(CONFIG, 4, WeightType.FLOAT32);
        Encoder other = new Encoder(CONFIG, 5, WeightType.FLOAT32)) {
      float loss = loss(one, inputs, onlyTarget(1));
      assertThat(loss(same, inputs, onlyTarget(1))).isEqualTo(loss);
      assertThat(loss(other, inputs, onlyTarget(1))).isNotEqualTo(loss);
    }
  }
}
