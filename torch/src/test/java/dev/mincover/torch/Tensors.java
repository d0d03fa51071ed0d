package dev.mincover.torch;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/** Values in and out of float32 tensors. */
final class Tensors {

  private Tensors() {}

  /** A contiguous tensor of row-major values. */
  static Tensor of(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** The values, row-major whatever the strides. */
  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    if (values.length > 0) {
      Tensor contiguous = tensor.detach().contiguous();
      new FloatPointer(contiguous.data_ptr_float()).get(values);
    }
    return values;
  }
}
