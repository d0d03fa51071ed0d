package dev.mincover.gpu;

import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;

/**
 * A named tensor of weights on a device, which an optimizer reads and overwrites in place.
 *
 * @param name unique among the parameters bound together; gradients are given under it
 * @param shape the tensor's dimensions, row-major, of rank 8 at most
 * @param weights {@code shape.size()} values in row-major order. The memory must stay as long as
 *     the optimizer does
 * @param type how the weights are stored
 * @param frozen whether the weights stay as they are. A frozen parameter has no state and takes no
 *     gradient
 */
public record DeviceParameter(
    String name, Shape shape, DeviceMemory weights, DataType type, boolean frozen) {

  /**
   * Checks the weights against the shape.
   *
   * @throws IllegalArgumentException if the name is empty, or the weights are not exactly as many
   *     bytes as the shape takes
   */
  public DeviceParameter {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a parameter of shape " + shape + " has an empty name");
    }
    long expected = shape.size() * type.bytes();
    if (weights.byteSize() != expected) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s needs %d bytes of %s weights, but its memory has %d"
              .formatted(name, shape, expected, type, weights.byteSize()));
    }
  }

  /** A float32 parameter that learns. */
  public static DeviceParameter of(String name, Shape shape, DeviceMemory weights) {
    return of(name, shape, weights, DataType.FLOAT32);
  }

  /** A parameter that learns. */
  public static DeviceParameter of(String name, Shape shape, DeviceMemory weights, DataType type) {
    return new DeviceParameter(name, shape, weights, type, false);
  }

  /** This parameter, frozen: bound by name, but without state, gradient or change. */
  public DeviceParameter freeze() {
    return new DeviceParameter(name, shape, weights, type, true);
  }
}
