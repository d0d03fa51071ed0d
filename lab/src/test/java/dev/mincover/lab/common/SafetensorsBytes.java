package dev.mincover.lab.common;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.checkpoint.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Safetensors files as others, and earlier versions of the lab, write them. */
public final class SafetensorsBytes {

  private SafetensorsBytes() {}

  /** Writes a header, however wrong, and so many bytes of 0 after it. */
  public static Path write(Path file, String header, int zeros) throws IOException {
    return write(file, header, new byte[zeros]);
  }

  private static Path write(Path file, String header, byte[] data) throws IOException {
    byte[] json = header.getBytes(UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + json.length + data.length);
    bytes.order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).put(data);
    return Files.write(file, bytes.array());
  }

  /**
   * Writes tensors in the order given and without a checksum, as the lab did in its own format
   * until version 0.1: the header padded to a multiple of 8, no metadata if there are none.
   */
  public static Path writeOld(Path file, List<NamedTensor> tensors, Map<String, String> metadata)
      throws IOException {
    StringBuilder json = new StringBuilder("{");
    if (!metadata.isEmpty()) {
      json.append(
          metadata.entrySet().stream()
              .map(entry -> "\"%s\":\"%s\"".formatted(entry.getKey(), entry.getValue()))
              .collect(Collectors.joining(",", "\"__metadata__\":{", "}")));
    }
    long size = tensors.stream().mapToLong(tensor -> tensor.elements().byteSize()).sum();
    MemorySegment data = MemorySegment.ofArray(new byte[(int) size]);
    long at = 0;
    for (NamedTensor tensor : tensors) {
      long end = at + tensor.elements().byteSize();
      json.append(json.length() > 1 ? "," : "")
          .append("\"%s\":{\"dtype\":\"%s\",".formatted(tensor.name(), tensor.type()))
          .append("\"shape\":%s,".formatted(Arrays.toString(tensor.shape().dimensions())))
          .append("\"data_offsets\":[%d,%d]}".formatted(at, end));
      data.asSlice(at, end - at).copyFrom(tensor.elements());
      at = end;
    }
    json.append('}');
    json.append(" ".repeat(-json.length() & 7));
    return write(file, json.toString(), data.toArray(ValueLayout.JAVA_BYTE));
  }

  /** Returns the tensors of a file, in the order of its header, as long as it is open. */
  public static List<NamedTensor> tensors(SafetensorsFile file) {
    return file.tensors().stream()
        .map(stored ->
            new NamedTensor(stored.name(), stored.type(), stored.shape(), file.elements(stored)))
        .toList();
  }
}
