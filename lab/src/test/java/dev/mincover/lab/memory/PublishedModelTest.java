package dev.mincover.lab.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.StoredType;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.SafetensorsBytes;
import dev.mincover.lab.common.TensorFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.memory.ModelShapes.LeftOut;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublishedModelTest {

  @TempDir private Path folder;

  /** A tensor of zeros. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Entry(String name, StoredType type, long... shape) {}

  private Path write(String name, Entry... entries) {
    return write(name, Map.of(), entries);
  }

  private Path write(String name, Map<String, String> metadata, Entry... entries) {
    Path file = folder.resolve(name);
    List<NamedTensor> tensors =
        Arrays.stream(entries)
            .map(entry ->
                new NamedTensor(
                    entry.name,
                    entry.type,
                    Shape.of(entry.shape),
                    MemorySegment.ofArray(new byte[(int) entry.type.bytes(entry.shape)])))
            .toList();
    TensorFile.write(file, tensors, metadata);
    return file;
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
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
    ModelShapes model = PublishedModel.read(file);
    assertThat(model.tensors())
        .containsExactly(
            new TensorShape("c", Shape.of(), 0),
            new TensorShape("a", Shape.of(5, 3), 1),
            new TensorShape("b", Shape.of(7), 16),
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
        PublishedModel.read(
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
        .containsExactlyInAnyOrder("h.0.attn.c_attn.bias", "layer.attn.bias");
    assertThat(model.leftOut())
        .extracting(LeftOut::name)
        .containsExactlyInAnyOrder(
            "h.0.attn.bias", "bn1.running_mean", "running_var", "rotary_emb.inv_freq");
    assertThat(model.leftOut()).extracting(LeftOut::why).containsOnly("of masks and statistics");
  }

  @Test
  void aDirectoryIsAllItsFiles() throws Exception {
    write("model-00002-of-00002.safetensors", new Entry("b", StoredType.BF16, 3, 2));
    write("model-00001-of-00002.safetensors", new Entry("a", StoredType.BF16, 4));
    Files.writeString(folder.resolve("config.json"), "{}");
    ModelShapes model = PublishedModel.read(folder);
    assertThat(model.tensors())
        .containsExactly(
            new TensorShape("a", Shape.of(4), 0), new TensorShape("b", Shape.of(3, 2), 4));
    assertThat(model.description()).isEqualTo("BF16 in 2 files");
  }

  @Test
  void aTensorInTwoFilesIsRefused() {
    Path first = write("decoder.safetensors", new Entry("a", StoredType.F32, 4));
    write("encoder.safetensors", new Entry("a", StoredType.F32, 4));
    refuses(folder, "tensor a is in %s and in encoder.safetensors; name one file".formatted(first));
  }

  @Test
  void aRunOfOursIsItsModel() {
    write("model.safetensors", new Entry("w", StoredType.F32, 7));
    write("statistics.safetensors", new Entry("w.adagrad", StoredType.F32, 7));
    ModelShapes model = PublishedModel.read(folder);
    assertThat(model.weightCount()).isEqualTo(7);
    assertThat(model.notes())
        .containsExactly(
            "taken model.safetensors; not taken statistics.safetensors (no weights of the model)");
  }

  private void shards(String... weightMap) throws IOException {
    write("model-00001-of-00002.safetensors", new Entry("a", StoredType.F32, 4));
    write("model-00002-of-00002.safetensors", new Entry("b", StoredType.F32, 6));
    write("consolidated.safetensors", new Entry("x", StoredType.F32, 10));
    if (weightMap.length > 0) {
      write(
          "model.safetensors.index.json",
          "{\"metadata\":{},\"weight_map\":{%s}}".formatted(String.join(",", weightMap)));
    }
  }

  private static String in(String tensor, String file) {
    return "\"%s\":\"%s\"".formatted(tensor, file);
  }

  @Test
  void anIndexIsFollowed() throws IOException {
    shards(
        in("a", "model-00001-of-00002.safetensors"), in("b", "model-00002-of-00002.safetensors"));
    for (Path path : List.of(folder, folder.resolve("model.safetensors.index.json"))) {
      ModelShapes model = PublishedModel.read(path);
      assertThat(model.weightCount()).isEqualTo(10);
      assertThat(model.description()).isEqualTo("F32 in 2 files");
    }
    assertThat(PublishedModel.read(folder).notes())
        .containsExactly(
            "taken model-00001-of-00002.safetensors and model-00002-of-00002.safetensors;"
                + " not taken consolidated.safetensors (other files hold the model)");
  }

  /** Beside the map there may be anything, before it or after it. */
  @Test
  void anIndexMayHoldMore() throws IOException {
    shards();
    write(
        "model.safetensors.index.json",
        "\n{\"metadata\":{\"total_size\":24,\"weight_map\":{\"x\":\"y\"}},\"weight_map\":{%s},\"z\":[{}]}\n"
            .formatted(in("a", "model-00001-of-00002.safetensors")));
    assertThat(PublishedModel.read(folder).tensors())
        .containsExactly(new TensorShape("a", Shape.of(4), 0));
  }

  @Test
  void withoutAnIndexShardsAreTheModel() throws IOException {
    shards();
    assertThat(PublishedModel.read(folder).weightCount()).isEqualTo(10);
  }

  @Test
  void aShardAloneIsSaidToBeOne() throws IOException {
    shards();
    ModelShapes model = PublishedModel.read(folder.resolve("model-00001-of-00002.safetensors"));
    assertThat(model.weightCount()).isEqualTo(4);
    assertThat(model.notes())
        .containsExactly(
            "this file is one of 2 shards; name the folder or the index for the whole model");
  }

  @Test
  void missingShardsAreNamed() throws IOException {
    shards(
        in("a", "model-00001-of-00002.safetensors"), in("c", "model-00003-of-00003.safetensors"));
    Path index = folder.resolve("model.safetensors.index.json");
    refuses(
        folder,
        index
            + " names model-00003-of-00003.safetensors, which is not there; fetch the missing shards");
    Files.delete(index);
    Files.delete(folder.resolve("model-00002-of-00002.safetensors"));
    Files.delete(folder.resolve("consolidated.safetensors"));
    refuses(
        folder,
        folder
            + " holds 1 of the 2 shards model-*-of-00002.safetensors; fetch the others, or name one file");
  }

  @Test
  void anIndexThatLiesIsRefused() throws IOException {
    shards(in("a", "model-00002-of-00002.safetensors"));
    Path shard = folder.resolve("model-00002-of-00002.safetensors");
    refuses(
        folder,
        "the index says that tensor a is in %s, and it is not; fetch both again".formatted(shard));
    for (String elsewhere : List.of("../x.safetensors", "/x.safetensors", "d/x.safetensors", "")) {
      shards(in("a", elsewhere));
      refuses(
          folder,
          "%s names the file \"%s\"; it may only name files beside itself"
              .formatted(folder.resolve("model.safetensors.index.json"), elsewhere));
    }
  }

  @Test
  void indicesThatAreNoneAreRefused() throws IOException {
    Path index = write("model.safetensors.index.json", "{}");
    refuses(
        index, index + " is not an index of shards: it has no \"weight_map\" of tensors to files");
    for (String none : List.of("[]", "{\"weight_map\":[\"a\"]}", "{\"weight_map\":{}}")) {
      write("model.safetensors.index.json", none);
      refuses(
          index,
          index + " is not an index of shards: it has no \"weight_map\" of tensors to files");
    }
    shards("\"a\":7");
    refuses(index, index + " names the file 7; it may only name files beside itself");
    String a = in("a", "model-00001-of-00002.safetensors");
    shards(a, a);
    refuses(index, index + " is not an index of shards: it names tensor 'a' twice");
    write("model.safetensors.index.json", "{\"weight_map\":{%s}".formatted(a));
    assertThatThrownBy(() -> PublishedModel.read(index))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(index + " is not an index of shards: ");
    write("model.safetensors.index.json", "nonsense");
    assertThatThrownBy(() -> PublishedModel.read(index))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(index + " is not an index of shards: ");
  }

  /** Packed and complex types count; what the format does not have is named. */
  @Test
  void allTypesOfTheFormatAreKnown() throws IOException {
    Path file =
        write(
            "model.safetensors",
            new Entry("f4", StoredType.F4, 6),
            new Entry("scale", StoredType.F8_E8M0, 2),
            new Entry("complex", StoredType.C64, 3));
    ModelShapes model = PublishedModel.read(file);
    assertThat(model.weightCount()).isEqualTo(6);
    assertThat(model.leftOut()).extracting(LeftOut::name).containsExactly("complex", "scale");
    SafetensorsBytes.write(file, "{%s}".formatted(tensor("x", "F33", "[]", 0, 4)), 4);
    assertThatThrownBy(() -> PublishedModel.read(file)).hasMessageContaining("'x' of type F33");
  }

  private static String tensor(String name, String type, String shape, int from, int to) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(name, type, shape, from, to);
  }

  /** White space, metadata that are null, unknown fields, any order, any alignment. */
  @Test
  void filesOfOtherToolsAreRead() throws IOException {
    String header =
        " \n{\"__metadata__\": null, %s, %s, %s, %s}"
            .formatted(
                tensor("b", "F32", "[2]", 3, 11).replace("}", ",\"unknown\":[1,{}]}"),
                tensor("a", "I8", "[3]", 0, 3),
                tensor("none", "F16", "[0, 5]", 3, 3),
                tensor("scalar", "F64", "[]", 11, 19));
    Path file = SafetensorsBytes.write(folder.resolve("model.safetensors"), header, 19);
    ModelShapes model = PublishedModel.read(file);
    assertThat(model.tensors())
        .extracting(TensorShape::name)
        .containsExactlyInAnyOrder("b", "scalar");
    assertThat(model.weightCount()).isEqualTo(3);
    String twice = tensor("x", "U8", "[2]", 0, 2);
    SafetensorsBytes.write(file, "{%s,%s}".formatted(twice, twice), 2);
    assertThatThrownBy(() -> PublishedModel.read(file))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(file + " ")
        .hasMessageContaining("has tensor 'x' twice")
        .hasMessageEndingWith("; fetch or write it again, or name another");
  }

  /** A header of 123 bytes starts the file with a brace. */
  @Test
  void damageIsNotTakenForJson() throws IOException {
    String header = "%-123s".formatted("{%s}".formatted(tensor("x", "F32", "[2]", 0, 8)));
    Path file = SafetensorsBytes.write(folder.resolve("model.safetensors"), header, 7);
    assertThatThrownBy(() -> PublishedModel.read(file)).hasMessageContaining("is cut short");
  }

  /** As docs/reference/checkpoints.md names it. */
  @Test
  void stateInACheckpointIsNoWeight() {
    Entry[] entries = {
      new Entry("w", StoredType.F32, 4, 3),
      new Entry("optimizer/w/mu.0", StoredType.F32, 4),
      new Entry("optimizer/w/momentum.codes", StoredType.I8, 4, 3),
      new Entry("statistics/adagrad/w/mu", StoredType.F32, 4, 3)
    };
    for (String mark : List.of("mincover.format", "libtorch.optimizer")) {
      Map<String, String> metadata = Map.of(mark, "1", "training.statistics", "9");
      ModelShapes model = PublishedModel.read(write("checkpoint.safetensors", metadata, entries));
      assertThat(model.tensors()).containsExactly(new TensorShape("w", Shape.of(4, 3), 0));
      assertThat(model.leftOut())
          .containsExactlyInAnyOrder(
              new LeftOut("optimizer/w/mu.0", 4, "of the optimizer's state"),
              new LeftOut("optimizer/w/momentum.codes", 12, "of the optimizer's state"),
              new LeftOut("statistics/adagrad/w/mu", 12, "of gradient statistics"));
    }
    // The names mean nothing in a file of somebody else.
    assertThat(PublishedModel.read(write("other.safetensors", entries)).weightCount())
        .isEqualTo(12 + 4 + 12);
  }

  @Test
  void checkpointsOfARunDoNotCount() throws IOException {
    write("model.safetensors", new Entry("w", StoredType.F32, 7));
    Files.createDirectory(folder.resolve("checkpoints"));
    write("checkpoints/step-000000010.safetensors", new Entry("w", StoredType.F32, 7));
    write("checkpoints/step-000000020.safetensors", new Entry("w", StoredType.F32, 7));
    assertThat(PublishedModel.read(folder).weightCount()).isEqualTo(7);
    assertThatThrownBy(() -> PublishedModel.read(folder.resolve("checkpoints")))
        .isInstanceOf(UserError.class)
        .hasMessageEndingWith("; name one file");
  }

  /** Books on building a GPT keep the mask in each layer of attention. */
  @Test
  void tablesBesideWeightsAreLeftOutByNameAndShape() {
    ModelShapes model =
        PublishedModel.read(
            write(
                "model.safetensors",
                new Entry("trf_blocks.0.att.mask", StoredType.F32, 256, 256),
                new Entry("trf_blocks.0.att.W_query.weight", StoredType.F32, 64, 64),
                new Entry("layers.0.attn_mask", StoredType.F32, 4, 49, 49),
                new Entry("attn.relative_position_index", StoredType.F32, 49, 49),
                new Entry("gpt_neox.layers.0.attention.masked_bias", StoredType.F32),
                new Entry("embeddings.position_ids", StoredType.F32, 1, 512),
                new Entry("bn.num_batches_tracked", StoredType.F32),
                new Entry("mask.weight", StoredType.F32, 3, 3),
                new Entry("unmask", StoredType.F32, 2, 2),
                new Entry("decoder.mask", StoredType.F32, 2, 3)));
    assertThat(model.tensors())
        .extracting(TensorShape::name)
        .containsExactlyInAnyOrder(
            "trf_blocks.0.att.W_query.weight", "mask.weight", "unmask", "decoder.mask");
    assertThat(model.leftOut()).hasSize(6);
  }

  @Test
  void whatOnlyHasTheNameIsSaidToBeSomethingElse() throws IOException {
    String pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 548105171\n"
            .formatted("0".repeat(64));
    Path file = write("model.safetensors", pointer);
    refuses(
        file,
        file
            + " is a Git LFS pointer, not the file of 548105171 bytes that it stands for; run 'git lfs pull' where it was cloned");
    write("model.safetensors", "PK\u0003\u0004 and what follows");
    assertThatThrownBy(() -> PublishedModel.read(file)).hasMessageContaining("is a pickle");
    write("model.safetensors", "<!DOCTYPE html><html>Not found</html>");
    assertThatThrownBy(() -> PublishedModel.read(file)).hasMessageContaining("is a web page");
    write("model.safetensors", "{\"weight_map\": {}}");
    assertThatThrownBy(() -> PublishedModel.read(file)).hasMessageContaining("is JSON");
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
    assertThatThrownBy(() -> PublishedModel.read(path))
        .isInstanceOf(UserError.class)
        .hasMessage(message);
  }
}
