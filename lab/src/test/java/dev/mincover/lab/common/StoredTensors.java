package dev.mincover.lab.common;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import tools.jackson.databind.json.JsonMapper;

/** What is in a safetensors file, to be changed and written again. */
public final class StoredTensors {
  private StoredTensors() {}

  /** Copies all tensors of a file. */
  public static List<NamedTensor> of(Path path) {
    try (SafetensorsFile file = TensorFile.open(path)) {
      return file.tensors().stream()
          .map(tensor ->
              new NamedTensor(
                  tensor.name(),
                  tensor.type(),
                  tensor.shape(),
                  MemorySegment.ofArray(file.elements(tensor).toArray(JAVA_BYTE))))
          .toList();
    }
  }

  /** The metadata of a file. */
  public static Map<String, String> metadata(Path path) {
    return TensorFile.header(path).metadata();
  }

  /** Writes a file as versions without checksums did. */
  public static void writeWithoutChecksum(
      Path path, List<NamedTensor> tensors, Map<String, String> metadata) throws IOException {
    StringJoiner header = new StringJoiner(",", "{", "}");
    header.add("\"__metadata__\":" + JsonMapper.shared().writeValueAsString(metadata));
    ByteArrayOutputStream elements = new ByteArrayOutputStream();
    for (NamedTensor tensor : tensors) {
      int start = elements.size();
      elements.writeBytes(tensor.elements().toArray(JAVA_BYTE));
      header.add(
          "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(
                  tensor.name(),
                  tensor.type(),
                  Arrays.toString(tensor.shape().dimensions()),
                  start,
                  elements.size()));
    }
    byte[] json = header.toString().getBytes(UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + json.length + elements.size())
            .order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(json.length).put(json).put(elements.toByteArray());
    Files.write(path, file.array());
  }
}
