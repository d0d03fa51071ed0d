package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.common.StoredTensors;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
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
  void filesOfOlderVersionsAreTiedUnlessTheySayOtherwise() throws IOException {
    Path file = folder.resolve("model.safetensors");
    Map<String, String> metadata = new HashMap<>();
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
      metadata.putAll(StoredTensors.metadata(file));
      assertThat(metadata.remove("tied")).isEqualTo("true");
      assertThat(metadata.remove("mincover.crc32c")).isNotNull();
      Path old = folder.resolve("old.safetensors");
      StoredTensors.writeWithoutChecksum(old, StoredTensors.of(file), metadata);
      try (Gpt loaded = ModelFile.load(old)) {
        assertThat(loaded.config()).isEqualTo(model.config());
      }
      metadata.put("tied", "perhaps");
      StoredTensors.writeWithoutChecksum(old, StoredTensors.of(file), metadata);
      assertThatThrownBy(() -> ModelFile.load(old))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("'perhaps' for tied");
    }
  }

  @Test
  void theStartOfATextComesBack() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
      assertThat(ModelFile.start(file)).isEqualTo(LINE_END);
      // Told only if it is another, as in files from before there was a choice.
      assertThat(StoredTensors.metadata(file)).doesNotContainKey("start");
      byte[] start = {(byte) 0xE4, (byte) 0xB8, (byte) 0xAD};
      ModelFile.save(model, start, file);
      assertThat(ModelFile.start(file)).isEqualTo(start);
      Map<String, String> metadata = new HashMap<>(StoredTensors.metadata(file));
      for (String bad : new String[] {"", "a", "line"}) {
        metadata.put("start", bad);
        Path damaged = folder.resolve("damaged.safetensors");
        TensorFile.write(damaged, StoredTensors.of(file), metadata);
        assertThatThrownBy(() -> ModelFile.start(damaged))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("'%s' for start; give a --prompt", bad);
      }
    }
  }

  @Test
  void tensorsOfDifferentTypesAreRefused() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
      List<NamedTensor> tensors = new ArrayList<>(StoredTensors.of(file));
      tensors.replaceAll(tensor ->
          tensor.name().equals("ln_f.bias")
              ? new NamedTensor(
                  tensor.name(),
                  StoredType.BF16,
                  tensor.shape(),
                  MemorySegment.ofArray(new byte[32]))
              : tensor);
      Path mixed = folder.resolve("mixed.safetensors");
      TensorFile.write(mixed, tensors, StoredTensors.metadata(file));
      assertThatThrownBy(() -> ModelFile.load(mixed))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("tensor ln_f.bias is BF16 [16], expected F32 [16]");
    }
  }

  @Test
  void otherFilesAreRefused() {
    Path foreign = folder.resolve("foreign.safetensors");
    TensorFile.write(foreign, List.of(), Map.of("format", "pt"));
    assertThatThrownBy(() -> ModelFile.load(foreign))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("holds no model of Mincover's");
    Path empty = folder.resolve("empty.safetensors");
    TensorFile.write(
        empty,
        List.of(),
        Map.of("mincover.model", "gpt", "layers", "1", "width", "8", "heads", "2", "context", "4"));
    assertThatThrownBy(() -> ModelFile.load(empty))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("wte.weight");
    assertThatThrownBy(() -> ModelFile.load(folder.resolve("none"))).isInstanceOf(UserError.class);
  }
}
