package dev.mincover.nd4j;

import dev.mincover.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner;
import org.nd4j.linalg.factory.Nd4j;

/** The memory of ND4J's arrays. */
final class ArrayMemory {

  private ArrayMemory() {}

  /**
   * Returns the memory that an array's elements lie in. It is valid as long as somebody holds the
   * array: compiled code may let go of it as soon as it has the address.
   *
   * @param array dense: its elements lie together without gaps
   */
  @SuppressWarnings("restricted")
  static MemorySegment of(INDArray array) {
    return array.isEmpty()
        ? MemorySegment.ofArray(new byte[0])
        : MemorySegment.ofAddress(address(array)).reinterpret(bytes(array));
  }

  /** The same, and holds the array by its cleanup action, so that ND4J does not free the memory. */
  @SuppressWarnings({"restricted", "MustBeClosedChecker"}) // The arena closes with the segment.
  static MemorySegment holding(INDArray array) {
    return array.isEmpty()
        ? MemorySegment.ofArray(new byte[0])
        : MemorySegment.ofAddress(address(array))
            .reinterpret(bytes(array), Arena.ofAuto(), _ -> Objects.requireNonNull(array));
  }

  /**
   * Where an array's own first element lies, which a view's {@code data().address()} does not say;
   * 0 if it is empty.
   */
  static long address(INDArray array) {
    return array.isEmpty() ? 0 : array.data().addressPointer().address();
  }

  private static long bytes(INDArray array) {
    return array.length() * array.dataType().width();
  }

  /** Core's name for an array's type, or null where it has none. */
  static @Nullable DataType type(INDArray array) {
    return switch (array.dataType()) {
      case FLOAT -> DataType.FLOAT32;
      case BFLOAT16 -> DataType.BFLOAT16;
      case HALF -> DataType.FLOAT16;
      default -> null;
    };
  }

  /** The order of an array's axes in memory, or null if there are gaps between its elements. */
  static @Nullable MemoryOrder order(INDArray array) {
    return MemoryOrder.of(array.shape(), array.stride());
  }

  /**
   * Checks that arrays lie in memory that Java can read.
   *
   * @throws IllegalStateException if ND4J computes on a device
   */
  static void requireReachable() {
    var type = Nd4j.getExecutioner().type();
    if (type != OpExecutioner.ExecutionerType.NATIVE_CPU) {
      throw new IllegalStateException(
          "ND4J computes on %s here; only arrays of its CPU backend can be stepped: put nd4j-native on the class path in place of the other backend"
              .formatted(type));
    }
  }
}
