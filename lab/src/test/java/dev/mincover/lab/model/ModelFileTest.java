package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.safetensors.Safetensors;
import dev.mincover.lab.safetensors.StoredType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFileTest {

  private static final byte[] LINE_END = {'\n'};

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"FLOAT32, true", "FLOAT32, false", "BFLOAT16, true", "FLOAT16, false"})
  void aModelComesBackBitForBit(WeightType type, boolean tied) {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(2, 16, 4, 8, tied), 3, type, true)) {
      ModelFile.save(model, LINE_END, file);
      try (Gpt loaded = ModelFile.load(file)) {
        assertThat(loaded.config()).isEqualTo(model.config());
        assertThat(loaded.type()).isEqualTo(type);
        assertThat(loaded.parameters().keySet()).isEqualTo(model.parameters().keySet());
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
  void sixteenBitsTakeHalfTheSpace() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3, WeightType.BFLOAT16, false)) {
      ModelFile.save(model, LINE_END, file);
      assertThat(Files.size(file)).isLessThan(3 * model.parameterCount());
    }
  }

  @Test
  void filesThatDoNotSaySoAreTied() {
    Path file = folder.resolve("model.safetensors");
    Map<String, String> metadata = new HashMap<>();
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3);
        Arena arena = Arena.ofConfined()) {
      ModelFile.save(model, LINE_END, file);
      Safetensors content = Safetensors.read(file, arena);
      metadata.putAll(content.metadata());
      assertThat(metadata.remove("tied")).isEqualTo("true");
      Path old = folder.resolve("old.safetensors");
      new Safetensors(content.tensors(), metadata).write(old);
      try (Gpt loaded = ModelFile.load(old)) {
        assertThat(loaded.config()).isEqualTo(model.config());
      }
      metadata.put("tied", "perhaps");
      new Safetensors(content.tensors(), metadata).write(old);
      assertThatThrownBy(() -> ModelFile.load(old))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'perhaps' for tied");
    }
  }

  @Test
  void theStartOfATextComesBack() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3);
        Arena arena = Arena.ofConfined()) {
      ModelFile.save(model, LINE_END, file);
      assertThat(ModelFile.start(file)).isEqualTo(LINE_END);
      // Told only if it is another, as in files from before there was a choice.
      assertThat(Safetensors.read(file, arena).metadata()).doesNotContainKey("start");
      byte[] start = {(byte) 0xE4, (byte) 0xB8, (byte) 0xAD};
      ModelFile.save(model, start, file);
      assertThat(ModelFile.start(file)).isEqualTo(start);
      Safetensors content = Safetensors.read(file, arena);
      Map<String, String> metadata = new HashMap<>(content.metadata());
      for (String bad : new String[] {"", "a", "line"}) {
        metadata.put("start", bad);
        Path damaged = folder.resolve("damaged.safetensors");
        new Safetensors(content.tensors(), metadata).write(damaged);
        assertThatThrownBy(() -> ModelFile.start(damaged))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("'%s' for start; give a --prompt", bad);
      }
    }
  }

  @Test
  void tensorsOfDifferentTypesAreRefused() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3);
        Arena arena = Arena.ofConfined()) {
      ModelFile.save(model, LINE_END, file);
      Safetensors content = Safetensors.read(file, arena);
      List<Safetensors.Tensor> tensors = new ArrayList<>(content.tensors());
      tensors.replaceAll(tensor ->
          tensor.name().equals("ln_f.bias")
              ? new Safetensors.Tensor(
                  tensor.name(), StoredType.BF16, tensor.shape(), arena.allocate(32))
              : tensor);
      Path mixed = folder.resolve("mixed.safetensors");
      new Safetensors(tensors, content.metadata()).write(mixed);
      assertThatThrownBy(() -> ModelFile.load(mixed))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("tensor ln_f.bias is BF16 [16], expected F32 [16]");
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
