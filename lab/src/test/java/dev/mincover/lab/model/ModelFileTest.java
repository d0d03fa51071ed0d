package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.common.SafetensorsBytes;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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

  /** Models of earlier versions: tensors in the model's order, no checksum, nothing about ties. */
  @Test
  void oldFilesAreReadAndTied() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
      try (SafetensorsFile content = TensorFile.open(file)) {
        List<NamedTensor> tensors = new ArrayList<>(SafetensorsBytes.tensors(content));
        tensors.sort(
            Comparator.comparingInt(
                tensor -> List.copyOf(model.parameters().keySet()).indexOf(tensor.name())));
        assertThat(tensors.getFirst().name()).isEqualTo("wte.weight");
        Map<String, String> metadata = new TreeMap<>(content.metadata());
        assertThat(metadata.remove("tied")).isEqualTo("true");
        assertThat(metadata.remove("mincover.crc32c")).isNotNull();
        Path old = SafetensorsBytes.writeOld(folder.resolve("old"), tensors, metadata);
        try (Gpt loaded = ModelFile.load(old)) {
          assertThat(loaded.config()).isEqualTo(model.config());
          Path again = folder.resolve("again");
          ModelFile.save(loaded, LINE_END, again);
          assertThat(again).hasSameBinaryContentAs(file);
        }
        metadata.put("tied", "perhaps");
        SafetensorsBytes.writeOld(old, tensors, metadata);
        assertThatThrownBy(() -> ModelFile.load(old))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("'perhaps' for tied");
      }
    }
  }

  @Test
  void aChangedFileIsRefused() throws IOException {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 9] ^= 1;
    Files.write(file, bytes);
    assertThatThrownBy(() -> ModelFile.load(file))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(file + " is damaged: its contents have the checksum ")
        .hasMessageEndingWith("; fetch or write it again, or name another");
  }

  @Test
  void theStartOfATextComesBack() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
      assertThat(ModelFile.start(file)).isEqualTo(LINE_END);
      // Told only if it is another, as in files from before there was a choice.
      assertThat(TensorFile.header(file).metadata()).doesNotContainKey("start");
      byte[] start = {(byte) 0xE4, (byte) 0xB8, (byte) 0xAD};
      ModelFile.save(model, start, file);
      assertThat(ModelFile.start(file)).isEqualTo(start);
      for (String bad : new String[] {"", "a", "line"}) {
        Path damaged = folder.resolve("damaged.safetensors");
        TensorFile.write(damaged, List.of(), Map.of("start", bad));
        assertThatThrownBy(() -> ModelFile.start(damaged))
            .isInstanceOf(UserError.class)
            .hasMessageContaining("'%s' for start; give a --prompt", bad);
      }
    }
  }

  @Test
  void tensorsThatAreNotTheModelsAreRefused() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
    }
    try (SafetensorsFile content = TensorFile.open(file)) {
      List<NamedTensor> others = new ArrayList<>(SafetensorsBytes.tensors(content));
      others.removeIf(tensor -> tensor.name().equals("ln_f.bias"));
      Path wrong = folder.resolve("wrong.safetensors");
      TensorFile.write(wrong, others, content.metadata());
      refuses(wrong, wrong + " lacks tensor 'ln_f.bias' (F32 [16])");
      MemorySegment elements = MemorySegment.ofArray(new byte[32]);
      others.add(new NamedTensor("ln_f.bias", StoredType.BF16, Shape.of(16), elements));
      TensorFile.write(wrong, others, content.metadata());
      refuses(wrong, wrong + " holds tensor 'ln_f.bias' as BF16 [16], not as F32 [16]");
    }
  }

  @Test
  void metadataThatLieAllocateNothing() {
    Path file = folder.resolve("model.safetensors");
    try (Gpt model = new Gpt(new GptConfig(1, 16, 4, 8), 3)) {
      ModelFile.save(model, LINE_END, file);
    }
    try (SafetensorsFile content = TensorFile.open(file)) {
      Map<String, String> metadata = new TreeMap<>(content.metadata());
      metadata.put("width", "8192");
      metadata.put("layers", "500");
      Path lying = folder.resolve("lying.safetensors");
      TensorFile.write(lying, SafetensorsBytes.tensors(content), metadata);
      refuses(
          lying,
          lying + " holds 7,536 weights, and its metadata tell of a model of 402,708,611,072");
    }
  }

  @Test
  void otherFilesAreRefused() {
    Path file = folder.resolve("foreign.safetensors");
    TensorFile.write(file, List.of(), Map.of("format", "pt"));
    refuses(file, file + " holds no model of Mincover's");
    Map<String, String> size = new TreeMap<>(Map.of("mincover.model", "gpt", "layers", "1"));
    TensorFile.write(file, List.of(), size);
    refuses(file, file + " does not tell the model's size: its metadata have no width");
    size.putAll(Map.of("width", "8", "heads", "2", "context", "4"));
    TensorFile.write(file, List.of(), size);
    refuses(file, file + " lacks tensor 'wte.weight'");
    assertThatThrownBy(() -> ModelFile.load(folder.resolve("none")))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot read %s: no such file or directory", folder.resolve("none"));
  }

  private static void refuses(Path file, String why) {
    assertThatThrownBy(() -> ModelFile.load(file))
        .isInstanceOf(UserError.class)
        .hasMessage(why + "; give a run that 'mincover train' made");
  }
}
