package dev.mincover;

import java.lang.foreign.MemorySegment;

/**
 * A named tensor of weights that an optimizer reads and overwrites in place.
 *
 * @param name unique among the parameters bound together; gradients are given under it
 * @param shape the tensor's dimensions, row-major
 * @param weights {@code shape.size()} float32 values in native byte order, in row-major order: a
 *     heap array, native memory, a mapped file or another library's tensor; it must stay alive for
 *     as long as the bound optimizer does
 * @param frozen whether the weights stay as they are; a frozen parameter has no state and takes no
 *     gradient
 */
public record Parameter(String name, Shape shape, MemorySegment weights, boolean frozen) {

  /**
   * Checks the weights against the shape.
   *
   * @throws IllegalArgumentException if the name is empty, the weights are not exactly {@code 4 *
   *     shape.size()} bytes, or they are read-only and not frozen
   */
  public Parameter {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a parameter of shape " + shape + " has an empty name");
    }
    long expected = shape.size() * Float.BYTES;
    if (weights.byteSize() != expected) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s needs %d bytes of float32 weights, but its segment has %d"
              .formatted(name, shape, expected, weights.byteSize()));
    }
    if (weights.isReadOnly() && !frozen) {
      throw new IllegalArgumentException(
          "parameter '%s' has read-only weights; freeze it or give a writable segment"
              .formatted(name));
    }
  }

  /** A parameter that learns, over any kind of memory. */
  public static Parameter of(String name, Shape shape, MemorySegment weights) {
    return new Parameter(name, shape, weights, false);
  }

  /** A parameter that learns, over an array in row-major order, which steps overwrite. */
  public static Parameter of(String name, float[] weights, long... dimensions) {
    return of(name, Shape.of(dimensions), MemorySegment.ofArray(weights));
  }

  /** This parameter, frozen: bound by name, but without state, gradient or change. */
  public Parameter freeze() {
    return new Parameter(name, shape, weights, true);
  }
}
