package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.Shape;
import dev.mincover.lab.UserError;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GptSizeTest {

  @ParameterizedTest
  @CsvSource({
    "gpt2, 124439808, 148",
    "gpt2-medium, 354823168, 292",
    "gpt2-large, 774030080, 436",
    "gpt2-xl, 1557611200, 580",
    "10b, 10283241472, 604"
  })
  void hasTheTensorsOfTheModel(String name, long weights, int tensors) {
    GptSize size = GptSize.named(name);
    assertThat(size.weightCount()).isEqualTo(weights);
    assertThat(size.tensorCount()).isEqualTo(tensors);
  }

  @Test
  void tensorsComeLayerByLayer() {
    List<List<GptSize.Tensor>> parts = new GptSize("tiny", 2, 4, 10, 3).layerTensors();
    assertThat(parts).hasSize(4);
    assertThat(parts.getFirst())
        .containsExactly(
            new GptSize.Tensor("wte.weight", Shape.of(10, 4), 0),
            new GptSize.Tensor("wpe.weight", Shape.of(3, 4), 40));
    assertThat(parts.get(1)).hasSize(12);
    assertThat(parts.get(2).get(2))
        .isEqualTo(new GptSize.Tensor("h.1.attn.c_attn.weight", Shape.of(4, 12), 52 + 244 + 8));
    assertThat(parts.getLast().getLast())
        .isEqualTo(new GptSize.Tensor("ln_f.bias", Shape.of(4), 52 + 2 * 244 + 4));
  }

  @Test
  void anUnknownNameIsAnsweredWithAllThatAreKnown() {
    assertThatThrownBy(() -> GptSize.named("gpt5"))
        .isInstanceOf(UserError.class)
        .hasMessage("--model is 'gpt5'; known are gpt2, gpt2-medium, gpt2-large, gpt2-xl, 10b");
  }
}
