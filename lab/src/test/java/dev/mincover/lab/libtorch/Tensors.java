package dev.mincover.lab.libtorch;

import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;

/** float32 values in and out of tensors. */
final class Tensors {

  private Tensors() {}

  /** A contiguous tensor of row-major values. */
  static Tensor of(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** A contiguous tensor that learns. */
  static Tensor learning(float[] values, long... shape) {
    return of(values, shape).set_requires_grad(true);
  }

  /** The values of a contiguous tensor. */
  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.numel()];
    new FloatPointer(tensor.data_ptr_float()).get(values);
    return values;
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
