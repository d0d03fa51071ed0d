package dev.mincover.lab.model;

import dev.mincover.lab.common.Seed;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * The initial weights of a model by name, in the order in which they are drawn: Gaussian, or
 * constant. They are drawn in float32, then rounded to the type. Equal seeds give equal bits.
 */
public final class InitialWeights {

  /** The standard deviation that GPT-2 and BERT start with. */
  public static final double DEVIATION = 0.02;

  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final RandomGenerator random;
  private final WeightType type;

  /** Starts with no weights. */
  public InitialWeights(long seed, WeightType type) {
    random = Seed.generator(seed);
    this.type = type;
  }

  /** Returns the weights so far. The caller frees them. */
  public Map<String, Tensor> byName() {
    return weights;
  }

  /**
   * Draws the weights of a {@link TransformerBlock}, as GPT-2 has them: a map that adds to the
   * residual stream starts smaller.
   *
   * @param residual the deviation of maps that add to the residual stream
   */
  public void block(String name, int width, double residual) {
    norm(name + ".ln_1", width);
    linear(name + ".attn.c_attn", DEVIATION, width, 3 * width);
    linear(name + ".attn.c_proj", residual, width, width);
    norm(name + ".ln_2", width);
    linear(name + ".mlp.c_fc", DEVIATION, width, 4 * width);
    linear(name + ".mlp.c_proj", residual, 4 * width, width);
  }

  /** Draws a matrix of outputs x inputs, and biases of 0. */
  public void linear(String name, double deviation, int inputs, int outputs) {
    gaussian(name + ".weight", deviation, outputs, inputs);
    constant(name + ".bias", 0, outputs);
  }

  /** Makes the weights of a norm: 1 and 0. */
  public void norm(String name, int width) {
    constant(name + ".weight", 1, width);
    constant(name + ".bias", 0, width);
  }

  /** Draws a tensor. */
  public void gaussian(String name, double deviation, int... shape) {
    float[] values = new float[size(shape)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    put(name, values, shape);
  }

  /**
   * Makes vectors for positions that start as the sinusoids of Vaswani et al. (2017, section 3.5),
   * with the standard deviation of other weights. An offset between positions is then one linear
   * map, which need not be learned for each pair of positions. Draws nothing.
   */
  public void sinusoids(String name, int positions, int width) {
    float[] values = new float[Math.multiplyExact(positions, width)];
    for (int i = 0; i < values.length; i++) {
      int position = i / width;
      int column = i % width;
      double wave = Math.pow(10_000, -(column - column % 2) / (double) width);
      double angle = position * wave;
      double sinusoid = column % 2 == 0 ? Math.sin(angle) : Math.cos(angle);
      values[i] = (float) (DEVIATION * Math.sqrt(2) * sinusoid);
    }
    put(name, values, new int[] {positions, width});
  }

  /** Makes a tensor of equal values. */
  public void constant(String name, float value, int... shape) {
    float[] values = new float[size(shape)];
    Arrays.fill(values, value);
    put(name, values, shape);
  }

  private static int size(int[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  private void put(String name, float[] values, int[] shape) {
    long[] sizes = Arrays.stream(shape).asLongStream().toArray();
    weights.put(name, Tensor.create(values, sizes).to(type.engine()).set_requires_grad(true));
  }
}
