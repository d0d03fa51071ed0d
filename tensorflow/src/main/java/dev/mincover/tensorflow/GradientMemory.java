package dev.mincover.tensorflow;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.tensorflow.Tensor;

/** The gradients of a step, where TensorFlow has computed them, or copied if that is in weights. */
final class GradientMemory implements AutoCloseable {

  private final WeightRanges weights;
  private @Nullable Arena copies;

  GradientMemory(WeightRanges weights) {
    this.weights = weights;
  }

  /**
   * Returns the gradient of a variable.
   *
   * @param tensor open until the step has been taken
   * @throws IllegalStateException if its type or shape does not fit
   */
  Gradient gradient(String name, Tensor tensor) {
    DataType type = TensorMemory.type(tensor.dataType());
    Shape shape = weights.parameter(name).shape();
    if (type == null || !TensorMemory.shape(tensor).equals(shape)) {
      throw new IllegalStateException(
          "the gradient of variable '%s' is %s %s; it must be float32, bfloat16 or float16 %s"
              .formatted(name, tensor.dataType(), tensor.shape(), shape));
    }
    MemorySegment values = TensorMemory.of(tensor);
    // A step writes weights while it reads gradients, and those of one variable before another's.
    return Gradient.dense(weights.overlap(values) ? copy(values) : values, type);
  }

  @SuppressWarnings("MustBeClosedChecker") // By close().
  private MemorySegment copy(MemorySegment values) {
    Arena arena = copies;
    if (arena == null) {
      arena = Arena.ofShared(); // The threads of a step share it.
      copies = arena;
    }
    return arena.allocate(values.byteSize(), 64).copyFrom(values);
  }

  @Override
  public void close() {
    if (copies != null) {
      copies.close();
    }
  }
}
