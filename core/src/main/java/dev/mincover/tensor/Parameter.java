package dev.mincover.tensor;

import java.lang.foreign.MemorySegment;

/**
 * A named tensor of weights that an optimizer reads and overwrites in place.
 *
 * @param name unique among the parameters bound together; gradients are given under it
 * @param shape the tensor's dimensions, row-major
 * @param weights {@code shape.size()} values in row-major order and native byte order. The segment
 *     may be a heap array, native memory, a mapped file or another library's tensor. It must stay
 *     alive for as long as the optimizer does
 * @param type how the weights are stored. Steps compute in float32, and keep their state in float32
 * @param frozen whether the weights stay as they are. A frozen parameter has no state and takes no
 *     gradient
 */
public record Parameter(
    String name, Shape shape, MemorySegment weights, DataType type, boolean frozen) {

  /**
   * Checks the weights against the shape.
   *
   * @throws IllegalArgumentException if the name is empty, the weights are not exactly as many
   *     bytes as the shape takes, or they are read-only and not frozen
   */
  public Parameter {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a parameter of shape " + shape + " has an empty name");
    }
    long expected = shape.size() * type.bytes();
    if (weights.byteSize() != expected) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s needs %d bytes of %s weights, but its segment has %d"
              .formatted(name, shape, expected, type, weights.byteSize()));
    }
    if (weights.isReadOnly() && !frozen) {
      throw new IllegalArgumentException(
          "parameter '%s' has read-only weights; freeze it or give a writable segment"
              .formatted(name));
    }
  }

  /** A float32 parameter that learns, over any kind of memory. */
  public static Parameter of(String name, Shape shape, MemorySegment weights) {
    return of(name, shape, weights, DataType.FLOAT32);
  }

  /** A parameter that learns, over any kind of memory. */
  public static Parameter of(String name, Shape shape, MemorySegment weights, DataType type) {
    return new Parameter(name, shape, weights, type, false);
  }

  /** A parameter that learns, over an array in row-major order, which steps overwrite. */
  public static Parameter of(String name, float[] weights, long... dimensions) {
    return of(name, Shape.of(dimensions), MemorySegment.ofArray(weights));
  }

  /** This parameter, frozen: bound by name, but without state, gradient or change. */
  public Parameter freeze() {
    return new Parameter(name, shape, weights, type, true);
  }
}
