package dev.mincover.gpu;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.internal.step.PlainPass;
import java.util.List;

/**
 * A pass over float32 tensors in one launch that is no step of a recipe: what steps are measured
 * by. A plain SGD pass moves the 12 bytes a weight that SM3 without momentum moves, and a copy
 * shows what the device's memory can do.
 */
public final class DevicePass implements AutoCloseable {

  private final PlainPass pass;

  private DevicePass(PlainPass pass) {
    this.pass = pass;
  }

  /**
   * w -= eta * g. The product is rounded before the difference.
   *
   * @param weights from {@link Device#allocate}, overwritten
   * @param gradients of the same sizes, in the same order
   * @throws IllegalArgumentException if sizes differ
   */
  public static DevicePass sgd(
      Device device, List<DeviceMemory> weights, List<DeviceMemory> gradients, float eta) {
    requireSame(weights, gradients);
    return new DevicePass(PlainPass.sgd(device, weights, gradients, eta));
  }

  /**
   * A copy.
   *
   * @param to from {@link Device#allocate}, overwritten
   * @param from of the same sizes, in the same order
   * @throws IllegalArgumentException if sizes differ
   */
  public static DevicePass copy(Device device, List<DeviceMemory> to, List<DeviceMemory> from) {
    requireSame(to, from);
    return new DevicePass(PlainPass.copy(device, to, from));
  }

  private static void requireSame(List<DeviceMemory> one, List<DeviceMemory> other) {
    List<Long> sizes = one.stream().map(DeviceMemory::byteSize).toList();
    List<Long> others = other.stream().map(DeviceMemory::byteSize).toList();
    if (!sizes.equals(others)) {
      throw new IllegalArgumentException(
          "tensors of %s bytes and of %s; a pass takes pairs of one size".formatted(sizes, others));
    }
  }

  /** Hands one pass to the device; returns before it is done. */
  public void run() {
    pass.run();
  }

  /** Frees what the pass needed to find the tensors. Nothing waits for passes under way. */
  @Override
  public void close() {
    pass.close();
  }
}
