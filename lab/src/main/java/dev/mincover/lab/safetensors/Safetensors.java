package dev.mincover.lab.safetensors;

import dev.mincover.lab.common.AtomicFile;
import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Named tensors in one file, in the safetensors format [1]: eight bytes of little-endian header
 * length, a JSON header of types, shapes and offsets, then the tensors' bytes without gaps.
 *
 * <p>[1] <a href="https://huggingface.co/docs/safetensors">huggingface.co/docs/safetensors</a>
 *
 * @param tensors in the order of the file
 * @param metadata free text by key, empty if there is none
 */
public record Safetensors(List<Tensor> tensors, Map<String, String> metadata) {
  /** Bytes before the header: its length. */
  static final int PREFIX = Long.BYTES;

  private static final int BLOCK = 1 << 20;

  /** Copies both collections. */
  public Safetensors {
    tensors = List.copyOf(tensors);
    metadata = Map.copyOf(metadata);
  }

  /**
   * A tensor's name, type, shape and elements.
   *
   * @param name unique in the file
   * @param type what an element is
   * @param shape lengths of the axes, each at least 0; empty for a scalar; not copied
   * @param data the elements, little-endian and row-major, in exactly {@code product(shape) *
   *     type.bytes()} bytes at any alignment; may be larger than 2 GiB
   */
  @SuppressWarnings("ArrayRecordComponent") // As every engine takes and gives shapes.
  public record Tensor(String name, StoredType type, long[] shape, MemorySegment data) {
    /**
     * Checks the size of the data.
     *
     * @throws IllegalArgumentException if shape, type and size of the data disagree
     */
    public Tensor {
      if (data.byteSize() != byteSize(type, shape)) {
        throw new IllegalArgumentException(
            "tensor %s: %d bytes for %s of shape %s"
                .formatted(name, data.byteSize(), type, Arrays.toString(shape)));
      }
    }
  }

  /**
   * Bytes of a dense tensor.
   *
   * @throws IllegalArgumentException if an axis is negative or the result exceeds a {@code long}
   */
  static long byteSize(StoredType type, long[] shape) {
    long bytes = type.bytes();
    for (long axis : shape) {
      if (axis < 0) {
        throw new IllegalArgumentException("negative axis in shape " + Arrays.toString(shape));
      }
      try {
        bytes = Math.multiplyExact(bytes, axis);
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException("shape too large: " + Arrays.toString(shape), e);
      }
    }
    return bytes;
  }

  /**
   * Returns the tensor of a name.
   *
   * @throws UserError if there is none
   */
  public Tensor tensor(String name) {
    for (Tensor tensor : tensors) {
      if (tensor.name().equals(name)) {
        return tensor;
      }
    }
    throw new UserError("no tensor %s among the %d of the file".formatted(name, tensors.size()));
  }

  /**
   * Writes the file, replacing an older one at once when it is complete. The header is padded with
   * spaces so that the first tensor starts at a multiple of 8; tensors follow in the given order.
   *
   * @throws IllegalArgumentException if two tensors share a name or one is called {@code
   *     __metadata__}
   * @throws UserError if the file cannot be written; an older one is then as it was
   */
  public void write(Path file) {
    byte[] header = SafetensorsHeader.of(this);
    var prefix = ByteBuffer.allocate(PREFIX).order(ByteOrder.LITTLE_ENDIAN);
    prefix.putLong(header.length).flip();
    AtomicFile.write(
        file,
        channel -> {
          writeFully(channel, prefix);
          writeFully(channel, ByteBuffer.wrap(header));
          // Through a heap block, because not every segment can be seen as a byte buffer.
          var block = new byte[BLOCK];
          for (Tensor tensor : tensors) {
            long size = tensor.data().byteSize();
            for (long at = 0; at < size; at += BLOCK) {
              int length = (int) Math.min(BLOCK, size - at);
              MemorySegment.copy(tensor.data(), at, MemorySegment.ofArray(block), 0, length);
              writeFully(channel, ByteBuffer.wrap(block, 0, length));
            }
          }
        });
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Maps a file into memory. The header is checked in full: its length, every type and shape, and
   * that the tensors fill the rest of the file without gap or overlap.
   *
   * @param arena how long the tensors' data, read-only, stay mapped; the file must not be changed
   *     in place meanwhile
   * @throws UserError if the file is missing, unreadable or not valid
   */
  public static Safetensors read(Path file, Arena arena) {
    try (var channel = FileChannel.open(file)) {
      long size = channel.size();
      if (size < PREFIX) {
        throw SafetensorsHeader.invalid(file, "only " + size + " bytes long");
      }
      MemorySegment all = channel.map(MapMode.READ_ONLY, 0, size, arena);
      return SafetensorsHeader.parse(file, all);
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    }
  }
}
