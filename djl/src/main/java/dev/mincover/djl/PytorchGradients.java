package dev.mincover.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;

/**
 * What only the PyTorch engine can do. The class is loaded where it is needed, so that other
 * engines do without that one.
 */
final class PytorchGradients {

  private PytorchGradients() {}

  /**
   * Makes a sparse gradient empty, or one that is not contiguous zero.
   *
   * @param weights whose gradient it is
   */
  static void clear(NDArray weights) {
    if (!(weights instanceof PtNDArray array)) {
      throw new IllegalStateException(
          "the gradient of an array of %s cannot be made zero; use the PyTorch engine, or dense gradients"
              .formatted(weights.getClass().getSimpleName()));
    }
    JniUtils.zeroGrad(array);
  }
}
