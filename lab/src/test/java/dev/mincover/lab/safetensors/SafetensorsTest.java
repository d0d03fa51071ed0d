package dev.mincover.lab.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.safetensors.Safetensors.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void writesTheExactBytesOfTheFormat() throws IOException {
    var tensor = new Tensor("w", StoredType.F32, new long[] {1, 2}, floats(1, -2));
    Path file = folder.resolve("model.safetensors");
    new Safetensors(List.of(tensor), Map.of("k", "v")).write(file);

    String json =
        "{\"__metadata__\":{\"k\":\"v\"},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}";
    assertThat(json).hasSize(81);
    var expected = ByteBuffer.allocate(8 + 88 + 8).order(ByteOrder.LITTLE_ENDIAN);
    expected.putLong(88).put((json + "       ").getBytes(UTF_8)).putFloat(1).putFloat(-2);
    assertThat(Files.readAllBytes(file)).isEqualTo(expected.array());
    assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void writesAnEmptyFile() throws IOException {
    Path file = folder.resolve("empty");
    new Safetensors(List.of(), Map.of()).write(file);
    assertThat(Files.readAllBytes(file)).isEqualTo("\b\0\0\0\0\0\0\0{}      ".getBytes(UTF_8));
    try (Arena arena = Arena.ofConfined()) {
      Safetensors read = Safetensors.read(file, arena);
      assertThat(read.tensors()).isEmpty();
      assertThat(read.metadata()).isEmpty();
    }
  }

  @Test
  void readsWhatItWrote() {
    try (Arena arena = Arena.ofConfined()) {
      // More than one block of the writer, and not a multiple of it.
      MemorySegment large = arena.allocate((1L << 20) * 2 + 6);
      for (long i = 0; i < large.byteSize(); i++) {
        large.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31));
      }
      var written =
          List.of(
              new Tensor("large", StoredType.BF16, new long[] {large.byteSize() / 2}, large),
              new Tensor("empty \"\u00E4\"", StoredType.I64, new long[] {0, 3}, MemorySegment.NULL),
              new Tensor("scalar", StoredType.F32, new long[0], floats(0.5f)),
              new Tensor("matrix", StoredType.F16, new long[] {2, 1}, floats(7)));
      Path file = folder.resolve("model");
      new Safetensors(written, Map.of("b", "\u00FC", "a", "\n")).write(file);

      Safetensors read = Safetensors.read(file, arena);
      assertThat(read.metadata()).isEqualTo(Map.of("b", "\u00FC", "a", "\n"));
      assertThat(read.tensors()).hasSize(4);
      for (int i = 0; i < 4; i++) {
        Tensor expected = written.get(i);
        Tensor actual = read.tensors().get(i);
        assertThat(actual.name()).isEqualTo(expected.name());
        assertThat(actual.type()).isEqualTo(expected.type());
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(actual.data().mismatch(expected.data())).isEqualTo(-1);
        assertThat(actual.data().isReadOnly()).isTrue();
      }
      assertThat(read.tensor("scalar")).isSameAs(read.tensors().get(2));
      assertThatThrownBy(() -> read.tensor("other"))
          .isInstanceOf(UserError.class)
          .hasMessage("no tensor other among the 4 of the file");
    }
  }

  @Test
  void readsTensorsInTheOrderOfTheirData() throws IOException {
    Path file =
        file(
            """
            {"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},\
            "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}\
            """,
            2);
    try (Arena arena = Arena.ofConfined()) {
      assertThat(Safetensors.read(file, arena).tensors())
          .extracting(Tensor::name)
          .containsExactly("a", "b");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "                                                    | not a JSON object",
        "[]                                                  | not a JSON object",
        "{\"a\":                                             | not JSON",
        "{} {}                                               | not JSON",
        "{\"__metadata__\":1}                                | __metadata__ is not an object",
        "{\"__metadata__\":{\"k\":1}}                        | __metadata__.k is not text",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}           | no dtype, shape and data_offsets",
        "{\"a\":{\"dtype\":\"X\",\"shape\":[1],\"data_offsets\":[0,8]}}      | no dtype",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8.0],\"data_offsets\":[0,8]}}   | no dtype",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8,8]}}   | no dtype",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]}}       | no dtype",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[-8],\"data_offsets\":[0,8]}}    | negative axis",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}|large",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}    | 12 bytes",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-8,0]}}    | at bytes -8 to 0",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8,0]}}     | at bytes 8 to 0",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[0,7]}}     | take 7 bytes",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[7],\"data_offsets\":[1,8]}}     | 0 was expected",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}}     | at bytes 0 to 9",
      })
  void refusesAnInvalidHeader(String json, String why) throws IOException {
    refuses(file(json == null ? "" : json, 8), why);
  }

  @Test
  void refusesOverlapsHolesAndDuplicates() throws IOException {
    String format =
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
            + "\"%s\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[%d,%d]}}";
    refuses(file(format.formatted("b", 3, 7), 7), "where 4 was expected");
    refuses(file(format.formatted("b", 5, 9), 9), "where 4 was expected");
    refuses(file(format.formatted("b", 0, 4), 4), "where 4 was expected");
    refuses(file(format.formatted("a", 4, 8), 8), "not JSON");
  }

  @Test
  void refusesAHeaderThatIsNotUtf8() throws IOException {
    refuses(bytes(4, new byte[] {'{', '"', (byte) 0xFF, '"'}), "not UTF-8");
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 100_000_001, Long.MAX_VALUE, -1, Long.MIN_VALUE})
  void refusesAHeaderLongerThanTheFile(long length) throws IOException {
    refuses(bytes(length, "{}  ".getBytes(UTF_8)), Long.toUnsignedString(length) + " bytes long");
  }

  @Test
  void refusesMissingAndTruncatedFiles() throws IOException {
    Path file = folder.resolve("file");
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> Safetensors.read(file, arena))
          .isInstanceOf(UserError.class)
          .hasMessage("cannot read %s: no such file or directory", file);
    }
    refuses(Files.write(file, new byte[0]), "only 0 bytes long");
    refuses(Files.write(file, new byte[7]), "only 7 bytes long");
    refuses(Files.write(file, new byte[8]), "not a JSON object");
  }

  @Test
  void refusesTensorsThatContradictThemselvesOrEachOther() {
    assertThatThrownBy(() -> new Tensor("w", StoredType.F32, new long[] {2}, floats(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor w: 4 bytes for F32 of shape [2]");
    var tensor = new Tensor("w", StoredType.F32, new long[] {1}, floats(1));
    assertThatThrownBy(() -> write(List.of(tensor, tensor)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor name is taken: w");
    var reserved = new Tensor("__metadata__", StoredType.F32, new long[] {1}, floats(1));
    assertThatThrownBy(() -> write(List.of(reserved))).isInstanceOf(IllegalArgumentException.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aFailedWriteLeavesTheOldFileAndNothingElse() throws IOException {
    Path file = Files.writeString(folder.resolve("model"), "old");
    Tensor tensor;
    try (Arena closed = Arena.ofConfined()) {
      tensor = new Tensor("w", StoredType.F32, new long[] {1}, closed.allocate(4));
    }
    assertThatThrownBy(() -> new Safetensors(List.of(tensor), Map.of()).write(file))
        .isInstanceOf(IllegalStateException.class);
    assertThat(file).hasContent("old");
    assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
  }

  @Test
  void refusesAPlaceItCannotWriteTo() {
    assertThatThrownBy(() -> new Safetensors(List.of(), Map.of()).write(folder.resolve("no/model")))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot write %s: no such file or directory", folder.resolve("no/model"));
  }

  private void write(List<Tensor> tensors) {
    new Safetensors(tensors, Map.of()).write(folder.resolve("model"));
  }

  private static void refuses(Path file, String why) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> Safetensors.read(file, arena))
          .isInstanceOf(UserError.class)
          .hasMessageStartingWith(file + " is not a valid safetensors file: ")
          .hasMessageContaining(why);
    }
  }

  /** A file of a header and so many zero bytes. */
  private Path file(String json, int zeros) throws IOException {
    byte[] header = json.getBytes(UTF_8);
    byte[] rest = ByteBuffer.allocate(header.length + zeros).put(header).array();
    return bytes(header.length, rest);
  }

  private Path bytes(long headerLength, byte[] rest) throws IOException {
    var all = ByteBuffer.allocate(8 + rest.length).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(folder.resolve("file"), all.putLong(headerLength).put(rest).array());
  }

  /** On the heap, where a segment of floats is no byte buffer. */
  private static MemorySegment floats(float... values) {
    return MemorySegment.ofArray(values);
  }
}
