package dev.mincover.lab.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A causal transformer over bytes, built like GPT-2: learned positions, norms before attention and
 * feed-forward, GELU, and one matrix for both the embedding and the output layer, unless it is
 * untied. Weights have the names of GPT-2; those of linear maps are (outputs x inputs). Weights of
 * 16 bits are widened where they are used. Arithmetic is float32, because processors without 16-bit
 * instructions would take ten times as long.
 */
public final class Gpt implements Model {

  /** Patterns that match the names of all parameters of rank 1: biases and norms. */
  public static final List<String> VECTORS = List.of("*.bias", "*ln_*");

  private static final long NO_PADDING = -1;

  private final GptConfig config;
  private final WeightType type;
  private final boolean sparse;
  private final Weights weights;
  private final Tensor tokens;
  private final Tensor positions;
  private final Tensor readOut;
  private final List<TransformerBlock> blocks = new ArrayList<>();
  private final Weights.Norm lastNorm;

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
    this(config, new Weights(initial(config, seed, type)), type, sparse && !config.tied());
  }

  private Gpt(GptConfig config, Weights weights, WeightType type, boolean sparse) {
    this.config = config;
    this.type = type;
    this.sparse = sparse;
    this.weights = weights;
    tokens = weights.get("wte.weight");
    positions = weights.get("wpe.weight");
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new TransformerBlock(weights, "h." + layer, config.heads()));
    }
    lastNorm = weights.norm("ln_f");
    readOut = config.tied() ? tokens : weights.get("lm_head.weight");
  }

  /**
   * Draws the weights as GPT-2 has them: deviation 0.02, divided by sqrt(2 * layers) where a map
   * adds to the residual stream. The matrix of an untied output layer comes last, so that the other
   * weights do not depend on it.
   */
  private static Map<String, Tensor> initial(GptConfig config, long seed, WeightType type) {
    InitialWeights initial = new InitialWeights(seed, type);
    int width = config.width();
    double residual = InitialWeights.DEVIATION / Math.sqrt(2.0 * config.layers());
    initial.gaussian("wte.weight", InitialWeights.DEVIATION, GptConfig.VOCABULARY, width);
    initial.gaussian("wpe.weight", InitialWeights.DEVIATION, config.context(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      initial.block("h." + layer, width, residual);
    }
    initial.norm("ln_f", width);
    if (!config.tied()) {
      initial.gaussian("lm_head.weight", InitialWeights.DEVIATION, GptConfig.VOCABULARY, width);
    }
    return initial.byName();
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
    return weights.byName();
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
    Tensor x = Weights.wide(embedded).add(Weights.wide(positions.narrow(0, 0, length)));
    for (TransformerBlock block : blocks) {
      x = block.forward(x, TransformerBlock.EVERYTHING, /* causal= */ true);
    }
    return torch.linear(lastNorm.forward(x), Weights.wide(readOut));
  }

  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    Tensor logits = logits(inputs).reshape(-1, GptConfig.VOCABULARY);
    return torch.cross_entropy_loss(logits, targets.reshape(-1));
  }

  @Override
  public Gpt replica() {
    return new Gpt(config, weights.replica(), type, sparse);
  }

  @Override
  public void close() {
    weights.close();
  }
}
