package dev.mincover.checkpoint;

import dev.mincover.tensor.Shape;

/**
 * A tensor of a file: what its header says.
 *
 * @param name unique in the file
 * @param type of its elements
 * @param shape row-major; rank 0 is a scalar, and an axis of 0 leaves no elements
 * @param start where its elements start, in bytes after the header
 * @param bytes how many there are
 */
public record StoredTensor(String name, StoredType type, Shape shape, long start, long bytes) {

  /** Such as {@code F32 [4096, 8]}. */
  public String format() {
    return type + " " + shape;
  }
}
