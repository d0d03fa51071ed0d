package dev.mincover.lab.catalogue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class GptSizeTest {

  @Test
  void tensorsComeLayerByLayer() {
    List<List<TensorShape>> parts = new GptSize("tiny", 2, 4, 2, 10, 3).layerTensors();
    assertThat(parts).hasSize(4);
    assertThat(parts.getFirst())
        .containsExactly(
            new TensorShape("wte.weight", Shape.of(10, 4), 0),
            new TensorShape("wpe.weight", Shape.of(3, 4), 40));
    assertThat(parts.get(1)).hasSize(12);
    assertThat(parts.get(2).get(2))
        .isEqualTo(new TensorShape("h.1.attn.c_attn.weight", Shape.of(4, 12), 52 + 244 + 8));
    assertThat(parts.getLast().getLast())
        .isEqualTo(new TensorShape("ln_f.bias", Shape.of(4), 52 + 2 * 244 + 4));
  }

  @Test
  void anUnknownNameIsAnsweredWithAllThatAreKnown() {
    assertThatThrownBy(() -> GptSize.named("gpt5"))
        .isInstanceOf(UserError.class)
        .hasMessage("--model is 'gpt5'; known are gpt2, gpt2-medium, gpt2-large, gpt2-xl, 10b");
  }
}
