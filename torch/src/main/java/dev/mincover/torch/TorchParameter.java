package dev.mincover.torch;

import dev.mincover.Gradient;
import dev.mincover.Parameter;
import dev.mincover.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One tensor as core sees it, held for as long as core may touch its memory. Every call must be
 * made inside a PointerScope, which frees the temporaries, and with gradients off.
 */
final class TorchParameter implements AutoCloseable {

  private final String name;

  /**
   * A handle of our own, which libtorch counts: the tensor cannot be freed before {@link #close}.
   */
  private final Tensor tensor;

  /** The axes by falling stride: permuted so, a dense tensor is contiguous. */
  private final long[] memoryOrder;

  /** A contiguous stand-in for weights with gaps between them; otherwise null. */
  private final @Nullable Tensor copy;

  private final long address;
  private final long[] strides;
  private final Arena views;
  private final Parameter parameter;

  TorchParameter(String name, Tensor source, Arena views) {
    requireUsable(name, source);
    this.name = name;
    memoryOrder =
        IntStream.range(0, (int) source.dim())
            .boxed()
            .sorted(Comparator.comparingLong((Integer axis) -> source.stride(axis)).reversed())
            .mapToLong(Integer::longValue)
            .toArray();
    this.views = views;
    tensor = new Tensor(source);
    tensor.retainReference();
    address = address(tensor);
    strides = strides(tensor);
    Tensor inMemory = tensor.permute(memoryOrder);
    copy = inMemory.is_contiguous() ? null : inMemory.contiguous();
    if (copy != null) {
      copy.retainReference();
    }
    parameter =
        new Parameter(
            name,
            Shape.of(inMemory.shape()),
            segment(copy == null ? inMemory : copy),
            !source.requires_grad());
  }

  String name() {
    return name;
  }

  /** Over libtorch's memory, with the axes in memory order. */
  Parameter parameter() {
    return parameter;
  }

  /** The gradient as it lies, or a copy if it lies in another order; null if it is undefined. */
  @Nullable Gradient gradient() {
    Tensor gradient = tensor.grad();
    if (!gradient.defined()) {
      return null;
    }
    if (gradient.is_sparse()) {
      throw new UnsupportedOperationException(
          "the gradient of parameter '%s' is sparse; build its embedding with sparse = false"
              .formatted(name));
    }
    if (gradient.scalar_type().intern() != ScalarType.Float
        || !Arrays.equals(gradient.shape(), tensor.shape())) {
      throw new IllegalStateException(
          "the gradient of parameter '%s' is %s %s; it must be Float %s"
              .formatted(
                  name,
                  gradient.scalar_type(),
                  Arrays.toString(gradient.shape()),
                  Arrays.toString(tensor.shape())));
    }
    Tensor inMemory = gradient.permute(memoryOrder);
    return Gradient.dense(segment(inMemory.is_contiguous() ? inMemory : inMemory.contiguous()));
  }

  /** Whether core steps a contiguous copy of the weights. */
  boolean isCopied() {
    return copy != null;
  }

  /** Whether the memory from the first to the last weight of one reaches into the other's. */
  boolean overlaps(TorchParameter other) {
    return address < other.end() && other.address < end();
  }

  private long end() {
    if (tensor.numel() == 0) {
      return address;
    }
    long last = 0;
    for (int axis = 0; axis < strides.length; axis++) {
      last += (tensor.size(axis) - 1) * strides[axis];
    }
    return address + (last + 1) * Float.BYTES;
  }

  /** Checks that the tensor still has the memory and the layout it was bound with. */
  void requireUnmoved() {
    if (address(tensor) != address
        || tensor.numel() != parameter.shape().size()
        || !Arrays.equals(strides(tensor), strides)) {
      throw new IllegalStateException(
          "parameter '%s' was given other memory or strides after it was bound; bind again"
              .formatted(name));
    }
  }

  /** Brings the weights to where core will step them. */
  void fetch() {
    if (copy != null) {
      copy.copy_(tensor.permute(memoryOrder));
    }
  }

  /** Makes the stepped weights the tensor's, and known to autograd as changed. */
  void publish() {
    if (copy != null) {
      tensor.permute(memoryOrder).copy_(copy);
    } else {
      tensor.unsafeGetTensorImpl().bump_version();
    }
  }

  void clearGradient() {
    tensor.mutable_grad().reset();
  }

  @Override
  public void close() {
    if (copy != null) {
      copy.releaseReference();
    }
    tensor.releaseReference();
  }

  private static void requireUsable(String name, Tensor tensor) {
    if (!tensor.is_cpu() || tensor.scalar_type().intern() != ScalarType.Float) {
      throw new IllegalArgumentException(
          "parameter '%s' is %s on %s; only float32 on the CPU can be bound"
              .formatted(name, tensor.scalar_type(), tensor.device().str().getString()));
    }
    for (int axis = 0; axis < tensor.dim(); axis++) {
      if (tensor.stride(axis) == 0 && tensor.size(axis) > 1) {
        throw new IllegalArgumentException(
            "parameter '%s' repeats one weight along axis %d (an expanded tensor); bind what it was expanded from"
                .formatted(name, axis));
      }
    }
  }

  /** A view of a contiguous tensor's memory. It does not keep the tensor alive. */
  @SuppressWarnings("restricted")
  private MemorySegment segment(Tensor tensor) {
    return MemorySegment.ofAddress(address(tensor)).reinterpret(tensor.nbytes(), views, null);
  }

  private static long[] strides(Tensor tensor) {
    long[] strides = new long[(int) tensor.dim()];
    for (int axis = 0; axis < strides.length; axis++) {
      strides[axis] = tensor.stride(axis);
    }
    return strides;
  }

  private static long address(Tensor tensor) {
    return tensor.numel() == 0 ? 0 : tensor.data_ptr().address();
  }
}
