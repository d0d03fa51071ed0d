package dev.mincover.gpu;

import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of the loss with respect to one parameter at one step, on the parameter's device.
 * Steps never change it; it must stay as it is until the step is done on the device.
 */
public sealed interface DeviceGradient {

  /** A gradient with a float32 value for every weight, in row-major order. */
  static DeviceGradient dense(DeviceMemory values) {
    return dense(values, DataType.FLOAT32);
  }

  /**
   * A gradient with a value for every weight, in row-major order, whatever type the weights have.
   */
  static DeviceGradient dense(DeviceMemory values, DataType type) {
    return new Dense(values, type);
  }

  /**
   * A sparse gradient: values for some rows, which are slices of axis 0, and zero everywhere else;
   * what {@link Gradient#rows(MemorySegment, MemorySegment, DataType)} is on the host, with the
   * same exceptions. Under a moving average of squares it is refused.
   *
   * @param indices of rows, int64 in native byte order and in the host's memory, in any order; read
   *     during the step only
   * @param values on the device, row after row, each as long as the product of the dimensions after
   *     the first
   * @param type of the values
   * @throws IllegalArgumentException if the bytes of the indices are no multiple of 8
   */
  static DeviceGradient rows(MemorySegment indices, DeviceMemory values, DataType type) {
    return new Rows(new Gradient.Rows(indices, MemorySegment.NULL, type), values);
  }

  /** How the values are stored. */
  DataType type();

  /** The values given. */
  DeviceMemory values();

  /** A value for every weight. */
  record Dense(DeviceMemory values, DataType type) implements DeviceGradient {}

  /**
   * Values for some rows.
   *
   * @param named the rows and the type of their values, which are elsewhere
   */
  record Rows(Gradient.Rows named, DeviceMemory values) implements DeviceGradient {
    @Override
    public DataType type() {
      return named.type();
    }
  }
}
