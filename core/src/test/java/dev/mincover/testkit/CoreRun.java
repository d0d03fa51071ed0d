package dev.mincover.testkit;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Core in training, over weights on the heap. */
final class CoreRun implements AutoCloseable {

  private final Map<String, Parameter> parameters = new LinkedHashMap<>();
  private final Optimizer optimizer;

  private CoreRun(Recipe recipe, List<Parameter> parameters, int threads) {
    parameters.forEach(parameter -> this.parameters.put(parameter.name(), parameter));
    optimizer = Optimizer.bind(recipe, parameters, threads);
  }

  /** One float32 parameter, named "w". */
  static CoreRun of(Recipe recipe, float[] weights, int... shape) {
    return new Builder().add("w", DataType.FLOAT32, weights, shape).bind(recipe, 1);
  }

  /** Several parameters, of any types. */
  static final class Builder {
    private final List<Parameter> parameters = new ArrayList<>();

    /** Adds a parameter with a copy of the given weights, rounded to the type. */
    Builder add(String name, DataType type, float[] weights, int... shape) {
      parameters.add(Parameter.of(name, shapeOf(shape), encode(weights, type), type));
      return this;
    }

    Builder addFrozen(String name, DataType type, float[] weights, int... shape) {
      parameters.add(Parameter.of(name, shapeOf(shape), encode(weights, type), type).freeze());
      return this;
    }

    /** Binds copies of the parameters, so that several runs may start from the same. */
    CoreRun bind(Recipe recipe, int threads) {
      List<Parameter> copies = new ArrayList<>();
      for (Parameter parameter : parameters) {
        float[] values = decode(parameter.weights(), parameter.type());
        MemorySegment copy = encode(values, parameter.type());
        copies.add(
            new Parameter(
                parameter.name(), parameter.shape(), copy, parameter.type(), parameter.frozen()));
      }
      return new CoreRun(recipe, copies, threads);
    }
  }

  static Shape shapeOf(int... shape) {
    long[] dimensions = new long[shape.length];
    for (int axis = 0; axis < shape.length; axis++) {
      dimensions[axis] = shape[axis];
    }
    return Shape.of(dimensions);
  }

  /** Values in a type; to bfloat16 the lower half is cut off. */
  static MemorySegment encode(float[] values, DataType type) {
    if (type == DataType.FLOAT32) {
      return MemorySegment.ofArray(values.clone());
    }
    short[] halves = new short[values.length];
    for (int i = 0; i < halves.length; i++) {
      halves[i] =
          type == DataType.FLOAT16
              ? Float.floatToFloat16(values[i])
              : (short) (Float.floatToRawIntBits(values[i]) >>> 16);
    }
    return MemorySegment.ofArray(halves);
  }

  /** The inverse. */
  static float[] decode(MemorySegment values, DataType type) {
    if (type == DataType.FLOAT32) {
      return values.toArray(JAVA_FLOAT_UNALIGNED);
    }
    float[] floats = new float[(int) (values.byteSize() / 2)];
    for (int i = 0; i < floats.length; i++) {
      short half = values.getAtIndex(JAVA_SHORT, i);
      floats[i] =
          type == DataType.FLOAT16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
    }
    return floats;
  }

  /** Takes a step of the only parameter. */
  void step(float... gradient) {
    step(Gradient.dense(gradient));
  }

  /** Takes a step of the only parameter. */
  void step(Gradient gradient) {
    step(Map.of("w", gradient));
  }

  void step(Map<String, Gradient> gradients) {
    optimizer.step(gradients);
  }

  /** Takes a step in which all parameters have the same gradient. */
  void stepAll(float... gradient) {
    Map<String, Gradient> gradients = new HashMap<>();
    parameters.keySet().forEach(name -> gradients.put(name, Gradient.dense(gradient)));
    step(gradients);
  }

  /** The weights of the only parameter, or of that named "w". */
  float[] weights() {
    return weights("w");
  }

  float[] weights(String name) {
    Parameter parameter = parameter(name);
    return decode(parameter.weights(), parameter.type());
  }

  /** Overwrites the weights of the float32 parameter "w". */
  void setWeights(float... values) {
    parameter("w").weights().copyFrom(MemorySegment.ofArray(values));
  }

  /** The accumulators of the parameter named "w", one array after the other. */
  float[] mu() {
    return mu("w");
  }

  float[] mu(String name) {
    return Floats.concatenate(optimizer.accumulators(name));
  }

  Optimizer optimizer() {
    return optimizer;
  }

  Parameter parameter(String name) {
    Parameter parameter = parameters.get(name);
    if (parameter == null) {
      throw new IllegalArgumentException("no parameter is named " + name);
    }
    return parameter;
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
