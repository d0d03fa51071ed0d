package dev.mincover.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of ours, and files that other tools write. */
class SafetensorsFileTest {

  @TempDir private Path folder;

  private Path file(String json, int dataBytes) throws IOException {
    byte[] header = json.getBytes(UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header);
    for (int i = 0; i < dataBytes; i++) {
      bytes.put((byte) i);
    }
    return Files.write(folder.resolve("made.safetensors"), bytes.array());
  }

  private static String tensor(String name, String type, String shape, long from, long to) {
    return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(name, type, shape, from, to);
  }

  private static NamedTensor random(String name, StoredType type, long... dimensions) {
    byte[] elements = new byte[(int) type.bytes(dimensions)];
    new Random(name.hashCode()).nextBytes(elements);
    return new NamedTensor(name, type, Shape.of(dimensions), MemorySegment.ofArray(elements));
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    List<NamedTensor> tensors = new ArrayList<>();
    for (StoredType type : StoredType.values()) {
      tensors.add(random("of type " + type, type, 4, 6));
    }
    tensors.add(random("scalar", StoredType.F32));
    tensors.add(random("empty", StoredType.BF16, 3, 0, 5));
    tensors.add(random("more than is written at a time", StoredType.BF16, (1 << 20) + 3));
    float[] floats = {1, -2, Float.MIN_VALUE}; // Which, on the heap, are no byte buffer.
    tensors.add(NamedTensor.of("floats", Shape.of(3), MemorySegment.ofArray(floats)));
    tensors.add(random("\"quoted\" \\ \n \t größe \uD83D\uDE00", StoredType.I8, 3));
    Map<String, String> metadata = Map.of("key \"q\"", "value \\ \u0001 größe", "empty", "");
    Path path = folder.resolve("all.safetensors");
    SafetensorsWriter.write(path, tensors, metadata);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      file.verify();
      assertThat(file.hasChecksum()).isTrue();
      assertThat(file.metadata()).containsAllEntriesOf(metadata);
      assertThat(file.tensors()).hasSize(tensors.size());
      for (NamedTensor tensor : tensors) {
        StoredTensor found = file.find(tensor.name()).orElseThrow();
        assertThat(found.format()).isEqualTo(tensor.format());
        assertThat(file.elements(found).mismatch(tensor.elements())).isEqualTo(-1);
        assertThat(file.elements(found).isReadOnly()).isTrue();
      }
    }
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(path);
    }
  }

  @Test
  void theBytesAreThoseOfTheFormat() throws IOException {
    Path path = folder.resolve("exact");
    MemorySegment elements = MemorySegment.ofArray(new float[] {1, -2});
    SafetensorsWriter.write(
        path, List.of(NamedTensor.of("w", Shape.of(1, 2), elements)), Map.of("k", "v"));
    String json =
        "{\"__metadata__\":{\"k\":\"v\",\"mincover.crc32c\":\"%s\"},"
            + "\"w\":{\"dtype\":\"F32\",\"shape\":[1,2],\"data_offsets\":[0,8]}}";
    CRC32C sum = new CRC32C();
    sum.update(exact(json.formatted("00000000")));
    assertThat(Files.readAllBytes(path))
        .isEqualTo(exact(json.formatted("%08x".formatted(sum.getValue()))));
  }

  private static byte[] exact(String json) {
    return ByteBuffer.allocate(8 + 120 + 8)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(120)
        .put((json + " ".repeat(120 - json.length())).getBytes(UTF_8))
        .putFloat(1)
        .putFloat(-2)
        .array();
  }

  @Test
  void aFileWithoutTensorsIsOne() throws IOException {
    Path path = folder.resolve("none");
    SafetensorsWriter.write(path, List.of(), Map.of());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      file.verify();
      assertThat(file.tensors()).isEmpty();
    }
  }

  @Test
  void elementsStartAtMultiplesOf64WidestFirst() throws IOException {
    Path path = folder.resolve("aligned");
    SafetensorsWriter.write(
        path,
        List.of(
            random("a", StoredType.U8, 3),
            random("b", StoredType.F32, 5),
            random("c", StoredType.I64)),
        Map.of());
    SafetensorsHeader header = SafetensorsHeader.read(path);
    assertThat(header.dataStart() % 64).isZero();
    assertThat(header.tensors()).extracting(StoredTensor::name).containsExactly("c", "b", "a");
  }

  @Test
  void anOlderFileIsReplacedOrKept() throws IOException {
    Path path = folder.resolve("old");
    SafetensorsWriter.write(path, List.of(random("old", StoredType.F32, 4)), Map.of());
    byte[] before = Files.readAllBytes(path);
    NamedTensor twin = random("new", StoredType.F32, 4);
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(twin, twin), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'new'");
    NamedTensor freed;
    try (Arena arena = Arena.ofConfined()) {
      freed = NamedTensor.of("freed", Shape.of(1), arena.allocate(4));
    }
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(freed), Map.of()))
        .isInstanceOf(IllegalStateException.class);
    assertThat(folder).isDirectoryNotContaining(file -> !file.equals(path));
    assertThat(Files.readAllBytes(path)).isEqualTo(before);
    SafetensorsWriter.write(path, List.of(twin), Map.of());
    assertThat(SafetensorsHeader.read(path).tensors())
        .extracting(StoredTensor::name)
        .containsExactly("new");
  }

  @Test
  void theNameOfTheMetadataIsNoName() {
    NamedTensor reserved = random("__metadata__", StoredType.F32, 1);
    assertThatThrownBy(
            () -> SafetensorsWriter.write(folder.resolve("x"), List.of(reserved), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'__metadata__'");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void elementsMustFillTheShape() {
    MemorySegment four = MemorySegment.ofArray(new byte[4]);
    assertThatThrownBy(() -> NamedTensor.of("w", Shape.of(2), four))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("tensor 'w' has 4 bytes; F32 of shape [2] takes 8");
  }

  @Test
  void aDirectoryThatIsNotThereIsAnError() {
    Path path = folder.resolve("missing/file");
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(), Map.of()))
        .isInstanceOf(IOException.class);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aNameTakenByADirectoryIsAnErrorAndNothingIsLeft() throws IOException {
    Path path = folder.resolve("taken");
    Files.createDirectories(path.resolve("inside"));
    assertThatThrownBy(() -> SafetensorsWriter.write(path, List.of(), Map.of()))
        .isInstanceOf(IOException.class);
    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left).containsExactly(path);
    }
  }

  /** What the format's own reader takes. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "  {\"__metadata__\": null, %t}",
        "\n{\t%t \r\n}  \n",
        "{%t,\"__metadata__\":{}}",
        "{\"__metadata__\":{\"a\":\"b\\u00e9\\n\"},%t}",
        "{\"x\":{\"data_offsets\":[0,8],\"extra\":{\"a\":[1,-2.5e3,true,null,\"s\"]},\"shape\":[2],\"dtype\":\"F32\"}}",
      })
  void otherToolsHeadersAreRead(String json) throws IOException {
    String x = tensor("x", "F32", "[2]", 0, 8);
    boolean empty = json.equals("{}");
    try (SafetensorsFile file = SafetensorsFile.open(file(json.replace("%t", x), empty ? 0 : 8))) {
      file.verify(); // Which proves nothing here, and says so:
      assertThat(file.hasChecksum()).isFalse();
      if (!empty) {
        StoredTensor tensor = file.find("x").orElseThrow();
        assertThat(file.elements(tensor).toArray(JAVA_BYTE))
            .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
      }
    }
  }

  @Test
  void tensorsMayLieInAnyOrderAndUnaligned() throws IOException {
    String json =
        "{%s,%s,%s,%s}"
            .formatted(
                tensor("late", "F32", "[1]", 3, 7),
                tensor("early", "U8", "[3]", 0, 3),
                tensor("empty", "F32", "[0,7]", 3, 3),
                tensor("scalar", "F64", "[]", 7, 15));
    try (SafetensorsFile file = SafetensorsFile.open(file(json, 15))) {
      assertThat(file.elements(file.find("late").orElseThrow()).toArray(JAVA_BYTE))
          .containsExactly(3, 4, 5, 6);
      assertThat(file.elements(file.find("empty").orElseThrow()).byteSize()).isZero();
      assertThat(file.find("nobody")).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``                                                        | ends before its time",
        "[]                                                        | lacks '{'",
        "{\"x\":1}                                                 | lacks '{'",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}                 | lacks dtype, shape or data_offsets of 'x'",
        "{%t,%t}                                                   | has tensor 'x' twice",
        "{%t} x                                                    | goes on after its end",
        "{\"__metadata__\":{\"a\":1},%t}                           | metadata 'a' that is no text",
        "{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"},%t}           | metadata 'a' twice",
        "{\"__metadata__\":{},\"__metadata__\":{},%t}              | names __metadata__ twice",
        "{\"x\":{\"dtype\":\"F33\",\"shape\":[2],\"data_offsets\":[0,8]}} | 'x' of type F33, which is not known",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | F32 of shape [3] has 12 bytes",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | other than a whole number",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | other than a whole number",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[02],\"data_offsets\":[0,8]}} | other than a whole number",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} | bytes 8 to 0",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}} | leaves a hole before tensor 'x'",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}} | has 1 data_offsets",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} | the file is cut short",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | accounts for 4 of the 8 bytes",
        "{\"x\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,8]}} | no whole bytes",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[4611686018427387904,4611686018427387904],\"data_offsets\":[0,8]}} | more values than 64 bits",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}} | a number beyond 64 bits",
        "{\"x\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} | dtype of 'x' twice",
        "{%t,\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | overlap before tensor 'y'",
        "{\"__metadata__\":1,%t}                                  | lacks '{'",
        "{\"x\":{\"dtype\":\"U8\",\"shape\":8,\"data_offsets\":[0,8]}} | lacks '['",
        "{\"a\\q\":1}                                              | an escape that is none",
        "{\"a                                                      | ends within a text",
      })
  void badHeadersAreRefusedWithTheReason(String json, String says) throws IOException {
    Path path = file(json.replace("%t", tensor("x", "F32", "[2]", 0, 8)), 8);
    assertThatThrownBy(() -> SafetensorsHeader.read(path))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining("made.safetensors")
        .hasMessageContaining(says)
        .hasMessageNotContaining("\n");
  }

  @Test
  void headersThatAreNotUtf8AreRefused() throws IOException {
    byte[] header = {5, 0, 0, 0, 0, 0, 0, 0, '{', '"', (byte) 0xFF, '"', ':'};
    Path path = Files.write(folder.resolve("latin"), header);
    assertThatThrownBy(() -> SafetensorsHeader.read(path)).hasMessageContaining("is not UTF-8");
  }

  @Test
  void deepNestingIsRefusedAndNotFollowed() throws IOException {
    String deep = "{\"x\":{\"extra\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}}";
    Path path = file(deep, 0);
    assertThatThrownBy(() -> SafetensorsHeader.read(path)).hasMessageContaining("nested too deep");
  }

  /** A length that is absurd must not be allocated. */
  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 100_000_001, 50})
  void absurdHeaderLengthsAreRefused(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN).putLong(length);
    Path path = Files.write(folder.resolve("absurd"), bytes.array());
    assertThatThrownBy(() -> SafetensorsHeader.read(path))
        .isInstanceOf(DamagedFileException.class)
        .hasMessageContaining(Long.toUnsignedString(length))
        .hasMessageContaining("the file has 20");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 7})
  void filesTooShortForALengthAreRefused(int size) throws IOException {
    Path path = Files.write(folder.resolve("short"), new byte[size]);
    assertThatThrownBy(() -> SafetensorsFile.open(path)).hasMessageContaining("has " + size);
  }
}
