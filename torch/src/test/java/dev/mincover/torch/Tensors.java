package dev.mincover.torch;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.ShortPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Values in and out of tensors. */
final class Tensors {

  private Tensors() {}

  /** A contiguous tensor of row-major values. */
  static Tensor of(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** A contiguous tensor that learns. */
  static Tensor learning(float[] values, ScalarType type, long... shape) {
    return of(values, shape).to(type).detach().set_requires_grad(true);
  }

  /** The values, row-major whatever the strides; exact for all types of at most 32 bits. */
  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    if (values.length > 0) {
      Tensor contiguous = tensor.detach().to(ScalarType.Float).contiguous();
      new FloatPointer(contiguous.data_ptr_float()).get(values);
    }
    return values;
  }

  /** The bits of a contiguous tensor of 16-bit values. */
  static short[] bits(Tensor tensor) {
    short[] bits = new short[(int) tensor.numel()];
    new ShortPointer(tensor.data_ptr()).get(bits);
    return bits;
  }

  /** As many normally distributed values as the shape has places. */
  static float[] gaussians(Random random, long... shape) {
    int size = 1;
    for (long n : shape) {
      size *= (int) n;
    }
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }
}
