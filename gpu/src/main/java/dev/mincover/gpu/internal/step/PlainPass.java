package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.device.Kernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A pass over float32 tensors that moves as many bytes as must be moved, in one launch: what steps
 * are measured by.
 */
public final class PlainPass implements AutoCloseable {

  private static final int FIELDS = 3;
  private static final long VALUES = 1 << 13; // of a block

  private final Kernel kernel;
  private final DeviceMemory pieces;
  private final long blocks;

  private PlainPass(
      Device device, String name, List<DeviceMemory> to, List<DeviceMemory> from, float eta) {
    long count = 0;
    for (DeviceMemory memory : to) {
      count += Math.ceilDiv(memory.byteSize() / Float.BYTES, VALUES);
    }
    blocks = count;
    kernel = StepKernels.plain(device, name);
    pieces = device.allocate(count * FIELDS * Long.BYTES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(Math.max(1, pieces.byteSize()), Long.BYTES);
      long field = 0;
      for (int i = 0; i < to.size(); i++) {
        long values = to.get(i).byteSize() / Float.BYTES;
        for (long at = 0; at < values; at += VALUES) {
          table.setAtIndex(JAVA_LONG, field++, to.get(i).address() + at * Float.BYTES);
          table.setAtIndex(JAVA_LONG, field++, from.get(i).address() + at * Float.BYTES);
          table.setAtIndex(JAVA_LONG, field++, Math.min(VALUES, values - at));
        }
      }
      pieces.upload(table.asSlice(0, pieces.byteSize()));
    }
    kernel.set(0, pieces.address());
    kernel.set(1, eta);
  }

  /**
   * w -= eta * g. The product is rounded before the difference.
   *
   * @param weights aligned to 16 bytes, overwritten
   * @param gradients as many values each, aligned likewise
   */
  public static PlainPass sgd(
      Device device, List<DeviceMemory> weights, List<DeviceMemory> gradients, float eta) {
    return new PlainPass(device, "sgdPieces", weights, gradients, eta);
  }

  /**
   * A copy.
   *
   * @param to aligned to 16 bytes, overwritten
   * @param from as many values each, aligned likewise
   */
  public static PlainPass copy(Device device, List<DeviceMemory> to, List<DeviceMemory> from) {
    return new PlainPass(device, "copyPieces", to, from, 0);
  }

  /** Hands one pass to the device. */
  public void run() {
    kernel.launch(blocks);
  }

  @Override
  public void close() {
    pieces.close();
  }
}
