package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.UserError;
import dev.mincover.lab.run.Safetensors;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFileTest {

  @TempDir private Path folder;

  @Test
  void aModelComesBackBitForBit() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(2, 16, 4, 8), 3)) {
      ModelFile.save(model, file);
      try (Gpt loaded = ModelFile.load(file)) {
        assertThat(loaded.config()).isEqualTo(model.config());
        model
            .parameters()
            .forEach((name, tensor) ->
                assertThat(GptTest.values(requireNonNull(loaded.parameters().get(name))))
                    .as(name)
                    .isEqualTo(GptTest.values(tensor)));
      }
    }
  }

  @Test
  void otherFilesAreRefused() {
    Path foreign = folder.resolve("foreign.safetensors");
    new Safetensors(List.of(), Map.of("format", "pt")).write(foreign);
    assertThatThrownBy(() -> ModelFile.load(foreign))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("holds no model of Mincover's");
    Path empty = folder.resolve("empty.safetensors");
    new Safetensors(
            List.of(),
            Map.of(
                "mincover.model", "gpt", "layers", "1", "width", "8", "heads", "2", "context", "4"))
        .write(empty);
    assertThatThrownBy(() -> ModelFile.load(empty))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("wte.weight");
    assertThatThrownBy(() -> ModelFile.load(folder.resolve("none"))).isInstanceOf(UserError.class);
  }
}
