package dev.mincover.djl;

import ai.djl.ndarray.NDArray;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The memory of an engine's arrays. */
final class ArrayMemory {

  private ArrayMemory() {}

  /**
   * Returns the memory of an array, or null if its elements do not lie there one after the other:
   * what the engine gives is a copy then, as it is of other devices' memory. The memory is valid as
   * long as the array.
   */
  static @Nullable MemorySegment of(NDArray array) {
    if (!isReachable(array)) {
      return null;
    }
    long bytes = array.size() * array.getDataType().getNumOfBytes();
    if (bytes == 0) {
      return MemorySegment.ofArray(new byte[0]);
    }
    if (bytes > Integer.MAX_VALUE) { // More than a buffer can be.
      return ofRows(array, bytes);
    }
    // A copy would be in another place the second time, while the first is still held.
    ByteBuffer buffer = array.toByteBuffer(true);
    MemorySegment once = MemorySegment.ofBuffer(buffer);
    MemorySegment again = MemorySegment.ofBuffer(array.toByteBuffer(true));
    return once.isNative() && once.address() == again.address() ? once : null;
  }

  /** Whether an array is in memory that Java can read, and not a device's own. */
  static boolean isReachable(NDArray array) {
    return array.getDevice().getDeviceType().equals("cpu");
  }

  /** An array is contiguous if its first row and its last are, and lie as far apart. */
  @SuppressWarnings("restricted")
  private static @Nullable MemorySegment ofRows(NDArray array, long bytes) {
    long rows = array.getShape().get(0);
    try (NDArray firstRow = array.get(0);
        NDArray lastRow = array.get(rows - 1)) {
      MemorySegment first = of(firstRow);
      MemorySegment last = of(lastRow);
      return first != null
              && last != null
              && last.address() - first.address() == bytes / rows * (rows - 1)
          ? MemorySegment.ofAddress(first.address()).reinterpret(bytes)
          : null;
    }
  }
}
