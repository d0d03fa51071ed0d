package dev.mincover.lab.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.memory.ModelShapes.LeftOut;
import dev.mincover.lab.safetensors.Safetensors;
import dev.mincover.lab.safetensors.StoredType;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {

  @TempDir private Path folder;

  /** A tensor of zeros. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Entry(String name, StoredType type, long... shape) {}

  private Path write(String name, Entry... entries) {
    Path file = folder.resolve(name);
    try (Arena arena = Arena.ofConfined()) {
      List<Safetensors.Tensor> tensors =
          Arrays.stream(entries)
              .map(entry -> {
                long bytes =
                    Arrays.stream(entry.shape).reduce(entry.type.bytes(), Math::multiplyExact);
                return new Safetensors.Tensor(
                    entry.name, entry.type, entry.shape, arena.allocate(bytes));
              })
              .toList();
      new Safetensors(tensors, Map.of()).write(file);
    }
    return file;
  }

  @Test
  void whatIsOfFloatingPointIsTrained() {
    Path file =
        write(
            "model.safetensors",
            new Entry("a", StoredType.F32, 5, 3),
            new Entry("b", StoredType.BF16, 7),
            new Entry("c", StoredType.F64),
            new Entry("d", StoredType.F16, 2, 2, 2),
            new Entry("e", StoredType.F8_E4M3, 11),
            new Entry("empty", StoredType.F32, 0, 4),
            new Entry("ids", StoredType.I64, 1, 512),
            new Entry("flag", StoredType.BOOL));
    ModelShapes model = Checkpoint.read(file);
    assertThat(model.tensors())
        .containsExactly(
            new TensorShape("a", Shape.of(5, 3), 0),
            new TensorShape("b", Shape.of(7), 15),
            new TensorShape("c", Shape.of(), 22),
            new TensorShape("d", Shape.of(2, 2, 2), 23),
            new TensorShape("e", Shape.of(11), 31));
    assertThat(model.weightCount()).isEqualTo(42);
    assertThat(model.leftOut())
        .containsExactly(
            new LeftOut("ids", 512, "not of floating point"),
            new LeftOut("flag", 1, "not of floating point"));
    assertThat(model.name()).isEqualTo(file.toString());
    assertThat(model.description()).isEqualTo("BF16, F16, F32, F64 and F8_E4M3 in the file");
    assertThat(model.known()).isNull();
  }

  /** GPT-2's published file has the causal mask beside each layer's attention. */
  @Test
  void masksAndStatisticsAreNotTrained() {
    ModelShapes model =
        Checkpoint.read(
            write(
                "model.safetensors",
                new Entry("h.0.attn.bias", StoredType.F32, 1, 1, 16, 16),
                new Entry("h.0.attn.c_attn.bias", StoredType.F32, 24),
                new Entry("layer.attn.bias", StoredType.F32, 8),
                new Entry("bn1.running_mean", StoredType.F32, 8),
                new Entry("running_var", StoredType.F32, 8),
                new Entry("rotary_emb.inv_freq", StoredType.F32, 4)));
    assertThat(model.tensors())
        .extracting(TensorShape::name)
        .containsExactly("h.0.attn.c_attn.bias", "layer.attn.bias");
    assertThat(model.leftOut())
        .extracting(LeftOut::name)
        .containsExactly("h.0.attn.bias", "bn1.running_mean", "running_var", "rotary_emb.inv_freq");
    assertThat(model.leftOut()).extracting(LeftOut::why).containsOnly("of masks and statistics");
  }

  @Test
  void aDirectoryIsAllItsFiles() throws Exception {
    write("model-00002-of-00002.safetensors", new Entry("b", StoredType.BF16, 3, 2));
    write("model-00001-of-00002.safetensors", new Entry("a", StoredType.BF16, 4));
    Files.writeString(folder.resolve("config.json"), "{}");
    ModelShapes model = Checkpoint.read(folder);
    assertThat(model.tensors())
        .containsExactly(
            new TensorShape("a", Shape.of(4), 0), new TensorShape("b", Shape.of(3, 2), 4));
    assertThat(model.description()).isEqualTo("BF16 in 2 files");
  }

  @Test
  void aTensorInTwoFilesIsRefused() {
    Path first = write("consolidated.safetensors", new Entry("a", StoredType.F32, 4));
    write("model.safetensors", new Entry("a", StoredType.F32, 4));
    refuses(folder, "tensor a is in %s and in model.safetensors; name one file".formatted(first));
  }

  @Test
  void whatHasNothingToTrainIsRefused() {
    refuses(folder, folder + " holds no .safetensors file; name one");
    Path file = write("ids.safetensors", new Entry("ids", StoredType.I64, 3));
    refuses(file, file + " has no weights to train: no tensor of floating point");
    Path missing = folder.resolve("none.safetensors");
    refuses(missing, "cannot read %s: no such file or directory".formatted(missing));
  }

  private static void refuses(Path path, String message) {
    assertThatThrownBy(() -> Checkpoint.read(path))
        .isInstanceOf(UserError.class)
        .hasMessage(message);
  }
}
