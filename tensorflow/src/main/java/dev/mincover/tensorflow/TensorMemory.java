package dev.mincover.tensorflow;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Tensor;
import org.tensorflow.ndarray.buffer.DataStorageVisitor;

/** The memory of TensorFlow's tensors, and core's names for their shapes and types. */
final class TensorMemory implements DataStorageVisitor<MemorySegment> {

  private static final TensorMemory VISITOR = new TensorMemory();

  private TensorMemory() {}

  /**
   * Returns the memory of a tensor, row-major and without a copy; valid as long as the tensor is
   * not closed.
   */
  static MemorySegment of(Tensor tensor) {
    return tensor.asRawTensor().data().accept(VISITOR);
  }

  @Override
  @SuppressWarnings("restricted")
  public MemorySegment visit(long address, long length, long scale) {
    return MemorySegment.ofAddress(address).reinterpret(length * scale);
  }

  @Override
  public MemorySegment visit(ByteBuffer buffer) {
    // TensorFlow-Java falls back to buffers, which are read-only, where it may not use Unsafe.
    throw refusal();
  }

  @Override
  public MemorySegment fallback() {
    throw refusal();
  }

  private static IllegalStateException refusal() {
    return new IllegalStateException(
        "TensorFlow-Java does not tell where a tensor lies; start the JVM with --sun-misc-unsafe-memory-access=allow");
  }

  /** Core's name for a type, or null where it has none. */
  static @Nullable DataType type(org.tensorflow.proto.DataType type) {
    return switch (type) {
      case DT_FLOAT, DT_FLOAT_REF -> DataType.FLOAT32;
      case DT_BFLOAT16, DT_BFLOAT16_REF -> DataType.BFLOAT16;
      case DT_HALF, DT_HALF_REF -> DataType.FLOAT16;
      default -> null;
    };
  }

  static Shape shape(Tensor tensor) {
    return Shape.of(tensor.shape().asArray());
  }
}
