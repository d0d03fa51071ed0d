package dev.mincover.lab.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A causal transformer over bytes, built as GPT-2 is: learned positions, norms before attention and
 * feed-forward, GELU, and one matrix that both embeds bytes and reads them out. Weights carry
 * GPT-2's names; those of linear maps are (outputs x inputs).
 */
public final class Gpt implements LanguageModel {

  private static final double NORM_EPSILON = 1e-5;
  private static final double INITIAL_DEVIATION = 0.02;

  private final GptConfig config;
  private final Map<String, Tensor> parameters = new LinkedHashMap<>();
  private final Tensor tokens;
  private final Tensor positions;
  private final List<Block> blocks = new ArrayList<>();
  private final Norm lastNorm;

  /**
   * A model with GPT-2's initialisation: deviations of 0.02, smaller by sqrt(2 * layers) where a
   * map adds to the residual stream, zero biases. Equal seeds give equal bits.
   */
  public Gpt(GptConfig config, long seed) {
    this.config = config;
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    int width = config.width();
    tokens = gaussian("wte.weight", random, INITIAL_DEVIATION, GptConfig.VOCABULARY, width);
    positions = gaussian("wpe.weight", random, INITIAL_DEVIATION, config.context(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new Block("h." + layer, random));
    }
    lastNorm = new Norm("ln_f");
  }

  /** The model's size. */
  public GptConfig config() {
    return config;
  }

  @Override
  public Map<String, Tensor> parameters() {
    return Collections.unmodifiableMap(parameters);
  }

  /**
   * The logits of the byte that follows each place.
   *
   * @param inputs int64, batch x length, where the length is at most the context
   * @return float32, batch x length x 256
   */
  public Tensor logits(Tensor inputs) {
    long length = inputs.size(1);
    Tensor x = torch.embedding(tokens, inputs).add(positions.narrow(0, 0, length));
    for (Block block : blocks) {
      x = block.forward(x);
    }
    return torch.linear(lastNorm.forward(x), tokens);
  }

  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    Tensor logits = logits(inputs).reshape(-1, GptConfig.VOCABULARY);
    return torch.cross_entropy_loss(logits, targets.reshape(-1));
  }

  @Override
  public void close() {
    parameters.values().forEach(Tensor::releaseReference);
    parameters.clear();
  }

  private final class Block {
    private final Norm norm1;
    private final Linear attentionIn;
    private final Linear attentionOut;
    private final Norm norm2;
    private final Linear feedForwardIn;
    private final Linear feedForwardOut;

    Block(String name, RandomGenerator random) {
      int width = config.width();
      double residual = INITIAL_DEVIATION / Math.sqrt(2.0 * config.layers());
      norm1 = new Norm(name + ".ln_1");
      attentionIn = new Linear(name + ".attn.c_attn", random, INITIAL_DEVIATION, width, 3 * width);
      attentionOut = new Linear(name + ".attn.c_proj", random, residual, width, width);
      norm2 = new Norm(name + ".ln_2");
      feedForwardIn = new Linear(name + ".mlp.c_fc", random, INITIAL_DEVIATION, width, 4 * width);
      feedForwardOut = new Linear(name + ".mlp.c_proj", random, residual, 4 * width, width);
    }

    Tensor forward(Tensor x) {
      x = x.add(attention(norm1.forward(x)));
      return x.add(feedForwardOut.forward(torch.gelu(feedForwardIn.forward(norm2.forward(x)))));
    }

    /** From batch x length x width to the same, each place seeing itself and those before it. */
    private Tensor attention(Tensor x) {
      long batch = x.size(0);
      long length = x.size(1);
      long headWidth = config.width() / config.heads();
      TensorVector queryKeyValue =
          attentionIn
              .forward(x)
              .view(batch, length, 3, config.heads(), headWidth)
              .permute(2, 0, 3, 1, 4)
              .unbind(0);
      Tensor mixed =
          torch.scaled_dot_product_attention(
              queryKeyValue.get(0),
              queryKeyValue.get(1),
              queryKeyValue.get(2),
              new TensorOptional(),
              0.0,
              /* is_causal= */ true,
              new DoubleOptional(),
              false);
      return attentionOut.forward(mixed.transpose(1, 2).reshape(batch, length, config.width()));
    }
  }

  private final class Linear {
    private final Tensor weight;
    private final Tensor bias;

    Linear(String name, RandomGenerator random, double deviation, int inputs, int outputs) {
      weight = gaussian(name + ".weight", random, deviation, outputs, inputs);
      bias = constant(name + ".bias", 0, outputs);
    }

    Tensor forward(Tensor x) {
      return torch.linear(x, weight, new TensorOptional(bias));
    }
  }

  private final class Norm {
    private final Tensor weight;
    private final Tensor bias;

    Norm(String name) {
      weight = constant(name + ".weight", 1, config.width());
      bias = constant(name + ".bias", 0, config.width());
    }

    Tensor forward(Tensor x) {
      return torch.layer_norm(
          x,
          new long[] {config.width()},
          new TensorOptional(weight),
          new TensorOptional(bias),
          NORM_EPSILON,
          true);
    }
  }

  private Tensor gaussian(String name, RandomGenerator random, double deviation, int... shape) {
    float[] values = new float[Math.multiplyExact(shape[0], shape[1])];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (deviation * random.nextGaussian());
    }
    return parameter(name, values, shape[0], shape[1]);
  }

  private Tensor constant(String name, float value, int length) {
    float[] values = new float[length];
    Arrays.fill(values, value);
    return parameter(name, values, length);
  }

  private Tensor parameter(String name, float[] values, long... shape) {
    Tensor tensor = Tensor.create(values, shape).set_requires_grad(true);
    tensor.retainReference(); // No scope of a caller's may free it.
    parameters.put(name, tensor);
    return tensor;
  }
}
