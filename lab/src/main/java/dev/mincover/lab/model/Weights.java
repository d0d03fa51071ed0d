package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The weights of a model by name, and the layers that they make. Weights of 16 bits are widened
 * where they are used. Arithmetic is float32, because processors without 16-bit instructions would
 * take ten times as long.
 */
public final class Weights implements AutoCloseable {

  private static final double NORM_EPSILON = 1e-5;

  private final Map<String, Tensor> byName;

  /** Keeps the weights until they are closed: no scope of a caller may free them. */
  public Weights(Map<String, Tensor> byName) {
    this.byName = new LinkedHashMap<>(byName);
    byName.values().forEach(Tensor::retainReference);
  }

  /** The weights in their order; not to be changed. */
  public Map<String, Tensor> byName() {
    return Collections.unmodifiableMap(byName);
  }

  /** Returns the same weights with gradients of their own, for another thread. */
  public Weights replica() {
    Map<String, Tensor> shared = new LinkedHashMap<>();
    byName.forEach((name, tensor) -> shared.put(name, tensor.detach().set_requires_grad(true)));
    return new Weights(shared);
  }

  /** Returns a weight as it is stored. */
  public Tensor get(String name) {
    return requireNonNull(byName.get(name), name);
  }

  /** Widens weights to float32. The gradient has the type of the weights again. */
  public static Tensor wide(Tensor weights) {
    return weights.to(ScalarType.Float);
  }

  /** Returns the map {@code x W^T + b} of the weights {@code name.weight} and {@code name.bias}. */
  public Linear linear(String name) {
    return new Linear(get(name + ".weight"), get(name + ".bias"));
  }

  /** Returns the layer norm of the weights {@code name.weight} and {@code name.bias}. */
  public Norm norm(String name) {
    return new Norm(get(name + ".weight"), get(name + ".bias"));
  }

  /** Releases the weights. */
  @Override
  public void close() {
    byName.values().forEach(Tensor::releaseReference);
    byName.clear();
  }

  /**
   * A linear map with biases.
   *
   * @param weight outputs x inputs
   */
  public record Linear(Tensor weight, Tensor bias) {

    /** Maps batch x ... x inputs to batch x ... x outputs. */
    public Tensor forward(Tensor x) {
      return torch.linear(x, wide(weight), new TensorOptional(wide(bias)));
    }
  }

  /** A layer norm over the last axis. */
  public record Norm(Tensor weight, Tensor bias) {

    /** Returns the same shape. */
    public Tensor forward(Tensor x) {
      return torch.layer_norm(
          x,
          new long[] {weight.size(0)},
          new TensorOptional(wide(weight)),
          new TensorOptional(wide(bias)),
          NORM_EPSILON,
          true);
    }
  }
}
