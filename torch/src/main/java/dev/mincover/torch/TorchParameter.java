package dev.mincover.torch;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.Layout;
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

  /**
   * What core steps, contiguous and with the axes in memory order: the tensor's own memory, or a
   * stand-in for weights with gaps between them. The memory stays, and its address is given to no
   * other tensor, even if this one is made to let go of it.
   */
  private final Tensor stepped;

  private final boolean copied;
  private final long address;
  private final long[] strides;
  private final Arena views;
  private final Parameter parameter;

  TorchParameter(String name, Tensor source, Arena views) {
    DataType type = requireUsable(name, source);
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
    Tensor inMemory = tensor.detach().permute(memoryOrder);
    copied = !inMemory.is_contiguous();
    stepped = copied ? inMemory.contiguous() : inMemory;
    stepped.retainReference();
    parameter =
        new Parameter(
            name, Shape.of(stepped.shape()), segment(stepped), type, !source.requires_grad());
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
    DataType type = typeOf(gradient);
    if (type == null || !Arrays.equals(gradient.shape(), tensor.shape())) {
      throw new IllegalStateException(
          "the gradient of parameter '%s' is %s %s; it must be Float, BFloat16 or Half %s"
              .formatted(
                  name,
                  gradient.scalar_type(),
                  Arrays.toString(gradient.shape()),
                  Arrays.toString(tensor.shape())));
    }
    if (gradient.layout().intern() == Layout.Strided) {
      return Gradient.dense(segment(inMemoryOrder(gradient)), type);
    }
    if (hasRows(gradient)) {
      return Gradient.rows(
          segment(gradient._indices().contiguous()),
          segment(inMemoryOrder(gradient._values())),
          type);
    }
    // Values that name more than a row each are no rows, and neither are rows of a tensor whose
    // axis 0 is not the outermost in memory: they do not lie together. float32, because entries
    // given more than once are summed here; core would do it in float32, too.
    Tensor dense = gradient.to(ScalarType.Float).to_dense();
    return Gradient.dense(segment(inMemoryOrder(dense)), DataType.FLOAT32);
  }

  /** Whether a gradient gives rows along axis 0, and rows of the tensor are rows of memory. */
  private boolean hasRows(Tensor gradient) {
    return gradient.is_sparse() && gradient.sparse_dim() == 1 && memoryOrder[0] == 0;
  }

  /** As it lies if that is the order of the weights, and a copy otherwise. */
  private Tensor inMemoryOrder(Tensor values) {
    return values.permute(memoryOrder).contiguous();
  }

  /** Whether core steps a contiguous copy of the weights. */
  boolean isCopied() {
    return copied;
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
    return address + (last + 1) * parameter.type().bytes();
  }

  /** Checks that the tensor still has the memory and the layout it was bound with. */
  void requireUnmoved() {
    if (isMoved()) {
      throw new IllegalStateException(
          "parameter '%s' was given other memory or strides after it was bound; bind again"
              .formatted(name));
    }
  }

  /** Whether the tensor no longer has the memory and the layout it was bound with. */
  boolean isMoved() {
    return address(tensor) != address
        || typeOf(tensor) != parameter.type()
        || tensor.numel() != parameter.shape().size()
        || !Arrays.equals(strides(tensor), strides);
  }

  /** Brings the weights to where core will step them. */
  void fetch() {
    if (copied) {
      stepped.copy_(tensor.permute(memoryOrder));
    }
  }

  /** Makes the weights that core has changed the tensor's, and known to autograd as changed. */
  void publish() {
    if (copied) {
      tensor.permute(memoryOrder).copy_(stepped);
    } else {
      tensor.unsafeGetTensorImpl().bump_version();
    }
  }

  void clearGradient() {
    tensor.mutable_grad().reset();
  }

  @Override
  public void close() {
    stepped.releaseReference();
    tensor.releaseReference();
  }

  private static DataType requireUsable(String name, Tensor tensor) {
    DataType type = typeOf(tensor);
    if (!tensor.is_cpu() || type == null) {
      throw new IllegalArgumentException(
          "parameter '%s' is %s on %s; only float32, bfloat16 and float16 on the CPU can be bound"
              .formatted(name, tensor.scalar_type(), tensor.device().str().getString()));
    }
    for (int axis = 0; axis < tensor.dim(); axis++) {
      if (tensor.stride(axis) == 0 && tensor.size(axis) > 1) {
        throw new IllegalArgumentException(
            "parameter '%s' repeats one weight along axis %d (an expanded tensor); bind what it was expanded from"
                .formatted(name, axis));
      }
    }
    return type;
  }

  /** Core's name for a tensor's type, or null where it has none. */
  private static @Nullable DataType typeOf(Tensor tensor) {
    return switch (tensor.scalar_type().intern()) {
      case Float -> DataType.FLOAT32;
      case BFloat16 -> DataType.BFLOAT16;
      case Half -> DataType.FLOAT16;
      default -> null;
    };
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
