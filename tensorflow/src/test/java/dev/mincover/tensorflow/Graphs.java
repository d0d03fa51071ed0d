package dev.mincover.tensorflow;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.util.Random;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Session;
import org.tensorflow.Tensor;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

/** Variables, values and gradients for tests. */
final class Graphs {

  private Graphs() {}

  /** A float32 variable that a session initialises with these values. */
  static Variable<TFloat32> variable(Ops tf, String name, float[] values, long... shape) {
    Variable<TFloat32> variable = tf.withName(name).variable(Shape.of(shape), TFloat32.class);
    Ops init = tf.withInitScope();
    init.assign(variable, init.constant(Shape.of(shape), DataBuffers.of(values)));
    return variable;
  }

  static TFloat32 tensor(float[] values, long... shape) {
    return TFloat32.tensorOf(Shape.of(shape), DataBuffers.of(values));
  }

  static float[] gaussians(int n, Random random) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  static float[] floats(Tensor tensor) {
    return TensorMemory.of(tensor).toArray(JAVA_FLOAT_UNALIGNED);
  }

  /** The values of an output of the graph, as a run gives them. */
  static float[] fetch(Session session, Operand<?> output) {
    try (var result = session.runner().fetch(output).run()) {
      return floats(result.get(0));
    }
  }

  static float[] fetch(Session session, String name) {
    try (var result = session.runner().fetch(name).run()) {
      return floats(result.get(0));
    }
  }

  static GradAndVar<TFloat32> pair(Operand<TFloat32> gradient, Operand<TFloat32> variable) {
    return new GradAndVar<>(output(gradient), output(variable));
  }

  private static Output<TFloat32> output(Operand<TFloat32> operand) {
    return operand.asOutput();
  }
}
