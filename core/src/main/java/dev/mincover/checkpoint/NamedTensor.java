package dev.mincover.checkpoint;

import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * A tensor in memory, under the name that it has, or will have, in a file.
 *
 * @param name unique in the file
 * @param type of its elements
 * @param shape row-major; rank 0 is a scalar
 * @param elements row-major and little-endian, exactly as many bytes as type and shape take; not
 *     copied
 */
public record NamedTensor(String name, StoredType type, Shape shape, MemorySegment elements) {

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if type, shape and size disagree
   */
  public NamedTensor {
    long bytes = type.bytes(shape.dimensions());
    if (elements.byteSize() != bytes) {
      throw new IllegalArgumentException(
          "tensor '%s' has %d bytes; %s of shape %s takes %d"
              .formatted(name, elements.byteSize(), type, shape, bytes));
    }
  }

  /** A float32 tensor. */
  public static NamedTensor of(String name, Shape shape, MemorySegment elements) {
    return new NamedTensor(name, StoredType.F32, shape, elements);
  }

  /** Such as {@code F32 [4096, 8]}. */
  public String format() {
    return type + " " + shape;
  }
}
