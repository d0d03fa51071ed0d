package dev.mincover.lab.libtorch;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/** The memory of libtorch's tensors. */
public final class TensorMemory {

  private TensorMemory() {}

  /** Returns the memory of a contiguous tensor, which is valid as long as the tensor. */
  @SuppressWarnings("restricted")
  public static MemorySegment of(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
  }

  /** Returns a contiguous float32 tensor under a name, over its own memory. */
  static NamedTensor named(String name, Tensor tensor) {
    return NamedTensor.of(name, Shape.of(tensor.shape()), of(tensor));
  }
}
