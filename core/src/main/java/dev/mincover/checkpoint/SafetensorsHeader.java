package dev.mincover.checkpoint;

import dev.mincover.checkpoint.HeaderParser.MalformedHeaderException;
import dev.mincover.tensor.Shape;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The header of a safetensors file: which tensors it holds, and where. Eight bytes of little-endian
 * length come first, then so many bytes of JSON, then the tensors' elements without gaps.
 *
 * <p>Reading checks everything that the header claims against the file's size before anything is
 * allocated for it: the header's length, types, shapes, and that elements neither overlap nor leave
 * holes.
 *
 * @param tensors in the order of the header
 * @param metadata free text by key; empty if there is none
 * @param dataStart where the elements start in the file, in bytes
 */
public record SafetensorsHeader(
    List<StoredTensor> tensors, Map<String, String> metadata, long dataStart) {

  /** Bytes before the header: its length. */
  static final int PREFIX = Long.BYTES;

  /** The longest header that readers of the format take, in bytes. */
  static final long LONGEST = 100_000_000;

  /** Copies the collections. */
  public SafetensorsHeader {
    tensors = List.copyOf(tensors);
    metadata = Map.copyOf(metadata);
  }

  /**
   * Reads the header of a file.
   *
   * @throws DamagedFileException if it is not a whole safetensors file
   * @throws IOException if it cannot be read
   */
  public static SafetensorsHeader read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return read(file, channel);
    }
  }

  static SafetensorsHeader read(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < PREFIX) {
      throw new DamagedFileException(
          file, "has %d bytes, fewer than the 8 that start a safetensors file".formatted(size));
    }
    long length = readFully(file, channel, 0, PREFIX).getLong();
    if (length < 0 || length > LONGEST || length > size - PREFIX) {
      throw new DamagedFileException(
          file,
          "is not a whole safetensors file: its header would have %s bytes, and the file has %,d"
              .formatted(Long.toUnsignedString(length), size));
    }
    byte[] json = readFully(file, channel, PREFIX, (int) length).array();
    Collected collected = new Collected();
    Map<String, String> metadata;
    try {
      metadata = HeaderParser.parse(json, collected);
      requireGapless(collected.tensors, size - PREFIX - length);
    } catch (MalformedHeaderException e) {
      throw new DamagedFileException(
          file, "is not a whole safetensors file: its header " + e.getMessage());
    }
    return new SafetensorsHeader(collected.tensors, metadata, PREFIX + length);
  }

  /** Little-endian bytes, ready to be read. */
  private static ByteBuffer readFully(Path file, FileChannel channel, long at, int count)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new EOFException("%s became shorter while it was read".formatted(file));
      }
    }
    return bytes.flip();
  }

  /** The tensors, each checked by itself. */
  private static final class Collected implements HeaderParser.Sink {
    final List<StoredTensor> tensors = new ArrayList<>();
    final Set<String> names = new HashSet<>();

    @Override
    public void tensor(String name, String typeName, long[] dimensions, long start, long end)
        throws MalformedHeaderException {
      if (!names.add(name)) {
        throw new MalformedHeaderException("has tensor '%s' twice".formatted(name));
      }
      StoredType type = StoredType.of(typeName);
      if (type == null) {
        throw new MalformedHeaderException(
            "has tensor '%s' of type %s, which is not known".formatted(name, typeName));
      }
      try {
        long bytes = type.bytes(dimensions);
        if (start > end || end - start != bytes) {
          throw new MalformedHeaderException(
              "gives tensor '%s' bytes %d to %d; %s of shape %s has %d bytes"
                  .formatted(name, start, end, type, Shape.of(dimensions), bytes));
        }
        tensors.add(new StoredTensor(name, type, Shape.of(dimensions), start, bytes));
      } catch (IllegalArgumentException e) {
        throw new MalformedHeaderException(
            "gives tensor '%s' a shape that cannot be: %s".formatted(name, e.getMessage()));
      }
    }
  }

  private static void requireGapless(List<StoredTensor> tensors, long size)
      throws MalformedHeaderException {
    List<StoredTensor> ordered = new ArrayList<>(tensors);
    // Empty tensors lie between two others, wherever a writer has put them.
    ordered.sort(
        Comparator.comparingLong(StoredTensor::start).thenComparingLong(StoredTensor::bytes));
    long end = 0;
    for (StoredTensor tensor : ordered) {
      if (tensor.start() != end) {
        throw new MalformedHeaderException(
            "%s before tensor '%s'"
                .formatted(
                    tensor.start() < end ? "has elements that overlap" : "leaves a hole",
                    tensor.name()));
      }
      end += tensor.bytes();
      if (end > size) {
        throw new MalformedHeaderException(
            "wants more than the %,d bytes that follow it, for tensor '%s': the file is cut short"
                .formatted(size, tensor.name()));
      }
    }
    if (end != size) {
      throw new MalformedHeaderException(
          "accounts for %,d of the %,d bytes that follow it".formatted(end, size));
    }
  }
}
