package dev.mincover.lab.model;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A causal transformer over bytes, built like GPT-2: learned positions, norms before attention and
 * feed-forward, GELU, and one matrix for both the embedding and the output layer, unless it is
 * untied. Weights have the names of GPT-2; those of linear maps are (outputs x inputs). Weights of
 * 16 bits are widened where they are used. Arithmetic is float32, because processors without 16-bit
 * instructions would take ten times as long.
 */
public final class Gpt implements LanguageModel {

  /** Patterns that match the names of all parameters of rank 1: biases and norms. */
  public static final List<String> VECTORS = List.of("*.bias", "*ln_*");

  private static final double NORM_EPSILON = 1e-5;
  private static final long NO_PADDING = -1;

  private final GptConfig config;
  private final WeightType type;
  private final boolean sparse;
  private final Map<String, Tensor> parameters;
  private final Tensor tokens;
  private final Tensor positions;
  private final Tensor readOut;
  private final List<Block> blocks = new ArrayList<>();
  private final Norm lastNorm;

  /** Makes a float32 model with initial weights. Equal seeds give equal bits. */
  public Gpt(GptConfig config, long seed) {
    this(config, seed, WeightType.FLOAT32, false);
  }

  /**
   * Makes a model with initial weights. Equal seeds give equal bits.
   *
   * @param sparse whether the embedding's gradients are sparse, in which rows may occur more than
   *     once; those of a tied embedding are always dense, because every byte is in the output layer
   */
  public Gpt(GptConfig config, long seed, WeightType type, boolean sparse) {
    this(config, GptWeights.initial(config, seed, type), type, sparse && !config.tied());
  }

  private Gpt(GptConfig config, Map<String, Tensor> parameters, WeightType type, boolean sparse) {
    this.config = config;
    this.type = type;
    this.sparse = sparse;
    this.parameters = parameters;
    parameters.values().forEach(Tensor::retainReference); // No scope of a caller may free them.
    tokens = parameter("wte.weight");
    positions = parameter("wpe.weight");
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new Block("h." + layer));
    }
    lastNorm = new Norm("ln_f");
    readOut = config.tied() ? tokens : parameter("lm_head.weight");
  }

  /** The model's size. */
  public GptConfig config() {
    return config;
  }

  /** The type of all weights. */
  public WeightType type() {
    return type;
  }

  @Override
  public Map<String, Tensor> parameters() {
    return Collections.unmodifiableMap(parameters);
  }

  /**
   * Returns the logits of the byte that follows each position.
   *
   * @param inputs int64, batch x length; the length is at most the context
   * @return float32, batch x length x 256
   */
  public Tensor logits(Tensor inputs) {
    long length = inputs.size(1);
    Tensor embedded = torch.embedding(tokens, inputs, NO_PADDING, false, sparse);
    Tensor x = wide(embedded).add(wide(positions.narrow(0, 0, length)));
    for (Block block : blocks) {
      x = block.forward(x);
    }
    return torch.linear(lastNorm.forward(x), wide(readOut));
  }

  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    Tensor logits = logits(inputs).reshape(-1, GptConfig.VOCABULARY);
    return torch.cross_entropy_loss(logits, targets.reshape(-1));
  }

  @Override
  public Gpt replica() {
    Map<String, Tensor> shared = new LinkedHashMap<>();
    parameters.forEach((name, tensor) -> shared.put(name, tensor.detach().set_requires_grad(true)));
    return new Gpt(config, shared, type, sparse);
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

    Block(String name) {
      norm1 = new Norm(name + ".ln_1");
      attentionIn = new Linear(name + ".attn.c_attn");
      attentionOut = new Linear(name + ".attn.c_proj");
      norm2 = new Norm(name + ".ln_2");
      feedForwardIn = new Linear(name + ".mlp.c_fc");
      feedForwardOut = new Linear(name + ".mlp.c_proj");
    }

    Tensor forward(Tensor x) {
      x = x.add(attention(norm1.forward(x)));
      return x.add(feedForwardOut.forward(torch.gelu(feedForwardIn.forward(norm2.forward(x)))));
    }

    /**
     * Maps batch x length x width to the same shape. Each position sees itself and those before it.
     */
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

    Linear(String name) {
      weight = parameter(name + ".weight");
      bias = parameter(name + ".bias");
    }

    Tensor forward(Tensor x) {
      return torch.linear(x, wide(weight), new TensorOptional(wide(bias)));
    }
  }

  private final class Norm {
    private final Tensor weight;
    private final Tensor bias;

    Norm(String name) {
      weight = parameter(name + ".weight");
      bias = parameter(name + ".bias");
    }

    Tensor forward(Tensor x) {
      return torch.layer_norm(
          x,
          new long[] {config.width()},
          new TensorOptional(wide(weight)),
          new TensorOptional(wide(bias)),
          NORM_EPSILON,
          true);
    }
  }

  /** Widens weights to float32. The gradient has the type of the weights again. */
  private static Tensor wide(Tensor weights) {
    return weights.to(ScalarType.Float);
  }

  private Tensor parameter(String name) {
    return requireNonNull(parameters.get(name), name);
  }
}
