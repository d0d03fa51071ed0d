package dev.mincover.lab.model;

import dev.mincover.lab.common.Seed;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.Tensor;

/**
 * The initial weights of a {@link Gpt} by name, as GPT-2 has them: Gaussian with deviation 0.02,
 * divided by sqrt(2 * layers) where a map adds to the residual stream; biases 0; norms 1 and 0. The
 * matrix of an untied output layer comes last, so that the other weights do not depend on it.
 */
final class GptWeights {

  private static final double DEVIATION = 0.02;

  private final Map<String, Tensor> weights = new LinkedHashMap<>();
  private final RandomGenerator random;
  private final WeightType type;

  private GptWeights(long seed, WeightType type) {
    random = Seed.generator(seed);
    this.type = type;
  }

  /** Draws the weights in float32, then rounds them to the type. Equal seeds give equal bits. */
  static Map<String, Tensor> initial(GptConfig config, long seed, WeightType type) {
    GptWeights model = new GptWeights(seed, type);
    int width = config.width();
    double residual = DEVIATION / Math.sqrt(2.0 * config.layers());
    model.gaussian("wte.weight", DEVIATION, GptConfig.VOCABULARY, width);
    model.gaussian("wpe.weight", DEVIATION, config.context(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "h." + layer;
      model.norm(block + ".ln_1", width);
      model.linear(block + ".attn.c_attn", DEVIATION, width, 3 * width);
      model.linear(block + ".attn.c_proj", residual, width, width);
      model.norm(block + ".ln_2", width);
      model.linear(block + ".mlp.c_fc", DEVIATION, width, 4 * width);
      model.linear(block + ".mlp.c_proj", residual, 4 * width, width);
    }
    model.norm("ln_f", width);
    if (!config.tied()) {
      model.gaussian("lm_head.weight", DEVIATION, GptConfig.VOCABULARY, width);
    }
    return model.weights;
  }

  private void linear(String name, double deviation, int inputs, int outputs) {
    gaussian(name + ".weight", deviation, outputs, inputs);
    constant(name + ".bias", 0, outputs);
  }

  private void norm(String name, int width) {
    constant(name + ".weight", 1, width);
    constant(name + ".bias", 0, width);
  }

  private void gaussian(String name, double deviation, int rows, int columns) {
    float[] values = new float[Math.multiplyExact(rows, columns)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    put(name, values, rows, columns);
  }

  private void constant(String name, float value, int length) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    put(name, values, length);
  }

  private void put(String name, float[] values, long... shape) {
    weights.put(name, Tensor.create(values, shape).to(type.engine()).set_requires_grad(true));
  }
}
