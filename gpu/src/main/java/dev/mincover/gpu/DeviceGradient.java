package dev.mincover.gpu;

import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.tensor.DataType;

/**
 * The gradient of the loss with respect to one parameter at one step, on the parameter's device: a
 * value for every weight. Steps never change it; it must stay as it is until the step is done on
 * the device.
 *
 * @param values as many as the parameter has, in row-major order
 * @param type how they are stored, whatever type the weights have
 */
public record DeviceGradient(DeviceMemory values, DataType type) {

  /** A gradient in float32. */
  public static DeviceGradient dense(DeviceMemory values) {
    return dense(values, DataType.FLOAT32);
  }

  /** A gradient of a type. */
  public static DeviceGradient dense(DeviceMemory values, DataType type) {
    return new DeviceGradient(values, type);
  }
}
