package dev.mincover.lab.model;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TextGeneratorTest {

  private static final GptConfig CONFIG = new GptConfig(1, 16, 2, 8);
  private static final byte[] PROMPT = {'a', 'b', 'c'};

  @Test
  void equalSeedsWriteEqualText() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      byte[] text = new TextGenerator(model, 1, 5).generate(PROMPT, 40);
      assertThat(text).hasSize(40).isEqualTo(new TextGenerator(model, 1, 5).generate(PROMPT, 40));
      assertThat(text).isNotEqualTo(new TextGenerator(model, 1, 6).generate(PROMPT, 40));
    }
  }

  @Test
  void withoutTemperatureTheSeedDoesNotShow() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      assertThat(new TextGenerator(model, 0, 5).generate(PROMPT, 40))
          .isEqualTo(new TextGenerator(model, 0, 6).generate(PROMPT, 40));
    }
  }

  @Test
  void onlyTheLastContextOfThePromptCounts() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      byte[] prompt = "everything before this: 12345678".getBytes(UTF_8);
      byte[] end = "12345678".getBytes(UTF_8);
      assertThat(new TextGenerator(model, 1, 5).generate(prompt, 20))
          .isEqualTo(new TextGenerator(model, 1, 5).generate(end, 20));
    }
  }

  @Test
  void anEmptyPromptIsRefused() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      TextGenerator generator = new TextGenerator(model, 1, 5);
      assertThatThrownBy(() -> generator.generate(new byte[0], 9))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the prompt is empty");
      assertThat(generator.generate(PROMPT, 0)).isEmpty();
    }
  }

  @Test
  void weightsThatAreNotFiniteWriteNothing() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      Tensor bias = requireNonNull(model.parameters().get("ln_f.bias"));
      try (var _ = new NoGradGuard()) {
        bias.fill_(new Scalar(Double.NaN));
      }
      for (double temperature : new double[] {0, 1}) {
        assertThatThrownBy(() -> new TextGenerator(model, temperature, 5).generate(PROMPT, 1))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("weights are not finite");
      }
    }
  }

  @Test
  void badTemperaturesAreRefused() {
    try (Gpt model = new Gpt(CONFIG, 1)) {
      assertThatThrownBy(() -> new TextGenerator(model, -1, 5))
          .hasMessageContaining("temperature is -1.0");
      assertThatThrownBy(() -> new TextGenerator(model, Double.NaN, 5))
          .hasMessageContaining("temperature is NaN");
    }
  }
}
