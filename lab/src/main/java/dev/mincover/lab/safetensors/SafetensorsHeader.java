package dev.mincover.lab.safetensors;

import static dev.mincover.lab.safetensors.Safetensors.PREFIX;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.safetensors.Safetensors.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON header of a {@link Safetensors} file. */
final class SafetensorsHeader {
  /** The format's own limit, so that no reader allocates what a broken prefix asks for. */
  static final int MAX_LENGTH = 100_000_000;

  private static final String METADATA = "__metadata__";
  private static final int ALIGNMENT = 8;

  private static final ValueLayout.OfLong LITTLE_ENDIAN_LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  // The format forbids a name twice; a lenient reader would keep the last.
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private SafetensorsHeader() {}

  /** The header's bytes, padded with spaces to a multiple of 8. */
  static byte[] of(Safetensors file) {
    var header = JSON.createObjectNode();
    if (!file.metadata().isEmpty()) {
      var metadata = header.putObject(METADATA);
      file.metadata().entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(entry -> metadata.put(entry.getKey(), entry.getValue()));
    }
    long at = 0;
    for (Tensor tensor : file.tensors()) {
      if (tensor.name().equals(METADATA) || header.has(tensor.name())) {
        throw new IllegalArgumentException("tensor name is taken: " + tensor.name());
      }
      var entry = header.putObject(tensor.name());
      entry.put("dtype", tensor.type().name());
      var shape = entry.putArray("shape");
      Arrays.stream(tensor.shape()).forEach(shape::add);
      long end = at + tensor.data().byteSize();
      entry.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    byte[] json = JSON.writeValueAsBytes(header);
    byte[] padded = Arrays.copyOf(json, Math.ceilDiv(json.length, ALIGNMENT) * ALIGNMENT);
    Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  /** Reads and checks a whole mapped file of at least {@link Safetensors#PREFIX} bytes. */
  static Safetensors parse(Path file, MemorySegment all) {
    long length = all.get(LITTLE_ENDIAN_LONG, 0);
    if (length < 0 || length > Math.min(MAX_LENGTH, all.byteSize() - PREFIX)) {
      throw invalid(file, "its header would be " + Long.toUnsignedString(length) + " bytes long");
    }
    MemorySegment data = all.asSlice(PREFIX + length);
    JsonNode header = parseJson(file, all.asSlice(PREFIX, length).toArray(ValueLayout.JAVA_BYTE));
    var metadata = new LinkedHashMap<String, String>();
    var entries = new ArrayList<Entry>();
    for (var property : header.properties()) {
      if (property.getKey().equals(METADATA)) {
        readMetadata(file, property.getValue(), metadata);
      } else {
        entries.add(Entry.read(file, property.getKey(), property.getValue()));
      }
    }
    return new Safetensors(slice(file, entries, data), metadata);
  }

  private static JsonNode parseJson(Path file, byte[] json) {
    if (json.length == 0 || json[0] != '{') {
      throw invalid(file, "its header is not a JSON object");
    }
    try {
      return JSON.readTree(UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString());
    } catch (CharacterCodingException e) {
      throw invalid(file, "its header is not UTF-8");
    } catch (JacksonException e) {
      throw invalid(file, "its header is not JSON: " + e.getOriginalMessage());
    }
  }

  private static void readMetadata(Path file, JsonNode node, Map<String, String> metadata) {
    if (!node.isObject()) {
      throw invalid(file, METADATA + " is not an object");
    }
    for (var property : node.properties()) {
      if (!property.getValue().isString()) {
        throw invalid(file, METADATA + "." + property.getKey() + " is not text");
      }
      metadata.put(property.getKey(), property.getValue().stringValue());
    }
  }

  /** The entries' data; they must fill {@code data} end to end. */
  private static List<Tensor> slice(Path file, List<Entry> entries, MemorySegment data) {
    // Empty tensors share an offset with the next one and come first there.
    entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    var tensors = new ArrayList<Tensor>();
    long at = 0;
    for (Entry entry : entries) {
      if (entry.begin() != at || entry.end() > data.byteSize()) {
        throw invalid(
            file,
            "tensor %s is at bytes %d to %d, where %d was expected, of %d"
                .formatted(entry.name(), entry.begin(), entry.end(), at, data.byteSize()));
      }
      at = entry.end();
      MemorySegment slice = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.add(new Tensor(entry.name(), entry.type(), entry.shape(), slice));
    }
    if (at != data.byteSize()) {
      throw invalid(
          file, "its tensors take %d bytes and the file has %d".formatted(at, data.byteSize()));
    }
    return tensors;
  }

  /** One tensor of the header; {@code begin} and {@code end} count from the end of the header. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Entry(String name, StoredType type, long[] shape, long begin, long end) {

    static Entry read(Path file, String name, JsonNode node) {
      StoredType type = type(node.path("dtype").stringValue(null));
      long[] shape = numbers(node.path("shape"));
      long[] offsets = numbers(node.path("data_offsets"));
      if (type == null || shape == null || offsets == null || offsets.length != 2) {
        throw invalid(
            file, "tensor %s has no dtype, shape and data_offsets known here".formatted(name));
      }
      long size;
      try {
        size = Safetensors.byteSize(type, shape);
      } catch (IllegalArgumentException e) {
        throw invalid(file, "tensor %s: %s".formatted(name, e.getMessage()));
      }
      if (offsets[0] < 0 || offsets[1] < offsets[0] || offsets[1] - offsets[0] != size) {
        throw invalid(
            file,
            "tensor %s of %d bytes is at bytes %d to %d"
                .formatted(name, size, offsets[0], offsets[1]));
      }
      return new Entry(name, type, shape, offsets[0], offsets[1]);
    }

    private static @Nullable StoredType type(@Nullable String name) {
      return Arrays.stream(StoredType.values())
          .filter(type -> type.name().equals(name))
          .findFirst()
          .orElse(null);
    }

    private static long @Nullable [] numbers(JsonNode node) {
      if (!node.isArray()) {
        return null;
      }
      var numbers = new long[node.size()];
      for (int i = 0; i < numbers.length; i++) {
        JsonNode number = node.get(i);
        if (!number.isIntegralNumber() || !number.canConvertToLong()) {
          return null;
        }
        numbers[i] = number.longValue();
      }
      return numbers;
    }
  }

  static UserError invalid(Path file, String why) {
    return new UserError("%s is not a valid safetensors file: %s".formatted(file, why));
  }
}
