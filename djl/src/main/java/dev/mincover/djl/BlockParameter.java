package dev.mincover.djl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import ai.djl.ndarray.NDArray;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One parameter as core sees it. An engine may give it other memory at any time, so that its memory
 * is asked for at every step.
 */
final class BlockParameter {

  private final String name;
  private final String id;
  private final Supplier<NDArray> array;
  private final boolean frozen;
  private final boolean takesRows;

  /** What core steps. */
  private Parameter bound;

  /**
   * A parameter.
   *
   * @param id DJL's own identifier, which differs in every process
   * @param array where it is now; asked at every step
   * @param takesRows whether its optimizer takes sparse gradients
   * @throws IllegalArgumentException if its type or its device is none that core steps
   */
  BlockParameter(
      String name, String id, Supplier<NDArray> array, boolean frozen, boolean takesRows) {
    this.name = name;
    this.id = id;
    this.array = array;
    this.frozen = frozen;
    this.takesRows = takesRows;
    bound = found();
  }

  String name() {
    return name;
  }

  String id() {
    return id;
  }

  boolean frozen() {
    return frozen;
  }

  /** Over the memory that the engine had given when it was last looked at. */
  Parameter bound() {
    return bound;
  }

  /** Another array over the same memory, which keeps it; to be closed. */
  NDArray alias() {
    return array.get().stopGradient();
  }

  /** Looks where the weights are; returns whether they have moved. */
  boolean hasMoved() {
    Parameter now = found();
    boolean moved =
        now.weights().byteSize() > 0 && now.weights().address() != bound.weights().address();
    if (moved) {
      bound = now;
    }
    return moved;
  }

  private Parameter found() {
    NDArray weights = array.get();
    DataType type = type(weights);
    if (!ArrayMemory.isReachable(weights) || type == null) {
      throw new IllegalArgumentException(
          "parameter '%s' is %s on %s; only float32, bfloat16 and float16 on the CPU can be bound"
              .formatted(name, weights.getDataType(), weights.getDevice()));
    }
    MemorySegment memory = ArrayMemory.of(weights);
    if (memory == null) {
      memory = madeContiguous(weights);
    }
    return new Parameter(name, shape(weights), memory, type, frozen);
  }

  /** A transposed or strided array gets memory of its own, in which its elements lie in order. */
  private MemorySegment madeContiguous(NDArray weights) {
    if (weights.size() * weights.getDataType().getNumOfBytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s has more than 2 GiB and is not contiguous; set its array to a contiguous copy"
              .formatted(name, weights.getShape()));
    }
    ByteBuffer copy = weights.toByteBuffer(false);
    ByteBuffer own = ByteBuffer.allocateDirect(copy.remaining()).order(copy.order());
    own.put(copy).flip();
    weights.set(own);
    MemorySegment memory = ArrayMemory.of(weights);
    if (memory == null) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s does not let its memory be seen; set its array to a contiguous copy"
              .formatted(name, weights.getShape()));
    }
    return memory;
  }

  static Shape shape(NDArray array) {
    return Shape.of(array.getShape().getShape());
  }

  /** Core's name for an array's type, or null where it has none. */
  static @Nullable DataType type(NDArray array) {
    return switch (array.getDataType()) {
      case FLOAT32 -> DataType.FLOAT32;
      case BFLOAT16 -> DataType.BFLOAT16;
      case FLOAT16 -> DataType.FLOAT16;
      default -> null;
    };
  }

  /**
   * Returns the gradient that the engine holds; null if no backward pass has reached the parameter
   * yet.
   *
   * @param scale by which it is multiplied there
   * @param open gets the arrays whose memory the gradient is in; to be closed after the step
   * @throws IllegalStateException if its type or shape does not fit
   */
  @Nullable Gradient gradient(float scale, List<NDArray> open) {
    if (!hasGradient()) {
      return null;
    }
    NDArray gradient = array.get().getGradient();
    open.add(gradient);
    if (scale != 1) {
      gradient.muli(scale);
    }
    return gradient(gradient, open);
  }

  /**
   * Whether a backward pass has reached the parameter since it required a gradient. Before that,
   * the engine makes zeros up whenever it is asked, in other memory each time.
   */
  boolean hasGradient() {
    NDArray weights = array.get();
    if (weights.size() == 0) {
      return true;
    }
    try (NDArray once = weights.getGradient();
        NDArray again = weights.getGradient()) {
      if (once.isSparse()) {
        return true;
      }
      MemorySegment first = ArrayMemory.of(once);
      MemorySegment second = ArrayMemory.of(again);
      return first == null || second == null || first.address() == second.address();
    }
  }

  /** Returns an array as a gradient of this parameter. */
  Gradient gradient(NDArray gradient, List<NDArray> open) {
    DataType type = type(gradient);
    if (type == null || !shape(gradient).equals(bound.shape())) {
      throw new IllegalStateException(
          "the gradient of parameter '%s' is %s %s; it must be float32, bfloat16 or float16 %s"
              .formatted(name, gradient.getDataType(), gradient.getShape(), bound.shape()));
    }
    if (gradient.isSparse()) {
      return sparse(gradient, open);
    }
    MemorySegment memory = ArrayMemory.of(gradient);
    return Gradient.dense(
        memory == null ? MemorySegment.ofBuffer(gradient.toByteBuffer(false)) : memory, type);
  }

  /**
   * The engine gives no access to the indices. Rows that are not zero are those that were given,
   * unless a row that was given is zero.
   */
  private Gradient sparse(NDArray gradient, List<NDArray> open) {
    NDArray dense = gradient.toDense();
    open.add(dense);
    if (dense.getDataType() != ai.djl.ndarray.types.DataType.FLOAT32) {
      dense = dense.toType(ai.djl.ndarray.types.DataType.FLOAT32, false);
      open.add(dense);
    }
    MemorySegment memory = ArrayMemory.of(dense);
    MemorySegment values =
        memory == null ? MemorySegment.ofBuffer(dense.toByteBuffer(false)) : memory;
    return takesRows && bound.shape().rank() > 0
        ? rows(values)
        : Gradient.dense(values, DataType.FLOAT32);
  }

  private Gradient rows(MemorySegment values) {
    long height = bound.shape().dimension(0);
    long rowBytes = height == 0 ? 0 : values.byteSize() / height;
    List<Long> indices = new ArrayList<>();
    for (long row = 0; row < height; row++) {
      if (!isZero(values.asSlice(row * rowBytes, rowBytes))) {
        indices.add(row);
      }
    }
    MemorySegment given =
        MemorySegment.ofArray(new byte[Math.toIntExact(indices.size() * rowBytes)]);
    for (int i = 0; i < indices.size(); i++) {
      MemorySegment.copy(values, indices.get(i) * rowBytes, given, i * rowBytes, rowBytes);
    }
    long[] array = indices.stream().mapToLong(Long::longValue).toArray();
    return Gradient.rows(MemorySegment.ofArray(array), given, DataType.FLOAT32);
  }

  private static boolean isZero(MemorySegment row) {
    for (long at = 0; at < row.byteSize(); at += Float.BYTES) {
      if (row.get(JAVA_FLOAT_UNALIGNED, at) != 0) {
        return false;
      }
    }
    return true;
  }

  /** Makes the gradient that the engine holds zero, as DJL leaves it to the optimizer. */
  void clearGradient() {
    clearGradient(array.get());
  }

  static void clearGradient(NDArray weights) {
    if (!weights.hasGradient()) {
      return;
    }
    try (NDArray gradient = weights.getGradient()) {
      MemorySegment memory = gradient.isSparse() ? null : ArrayMemory.of(gradient);
      if (memory == null) {
        PytorchGradients.clear(weights);
      } else if (memory.byteSize() > 0) {
        memory.fill((byte) 0);
      }
    }
  }
}
