package dev.mincover.lab.mlm;

import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.InitialWeights;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.TransformerBlock;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.model.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A bidirectional transformer over bytes that guesses those that are masked. It is built like BERT:
 * the head is a map, GELU and a norm before the embedding, transposed, reads the bytes out. Unlike
 * BERT, its blocks have their norms first, as GPT-2's do, which trains without a long warm-up.
 */
final class Encoder implements Model {

  private static final int BYTES = 256;
  private static final int VOCABULARY = BYTES + 1; // The mask.

  private final GptConfig config;
  private final Weights weights;
  private final Tensor tokens;
  private final Tensor positions;
  private final Tensor bias;
  private final List<TransformerBlock> blocks = new ArrayList<>();
  private final Weights.Norm lastNorm;
  private final Weights.Linear head;
  private final Weights.Norm headNorm;

  /** Makes a model with initial weights. Equal seeds give equal bits. */
  Encoder(GptConfig config, long seed, WeightType type) {
    this(config, new Weights(initial(config, seed, type)));
  }

  private Encoder(GptConfig config, Weights weights) {
    this.config = config;
    this.weights = weights;
    tokens = weights.get("wte.weight");
    positions = weights.get("wpe.weight");
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new TransformerBlock(weights, "h." + layer, config.heads()));
    }
    lastNorm = weights.norm("ln_f");
    head = weights.linear("head");
    headNorm = weights.norm("head.ln_1");
    bias = weights.get("read.bias");
  }

  private static Map<String, Tensor> initial(GptConfig config, long seed, WeightType type) {
    InitialWeights initial = new InitialWeights(seed, type);
    int width = config.width();
    double residual = InitialWeights.DEVIATION / Math.sqrt(2.0 * config.layers());
    initial.gaussian("wte.weight", InitialWeights.DEVIATION, VOCABULARY, width);
    initial.sinusoids("wpe.weight", config.context(), width);
    for (int layer = 0; layer < config.layers(); layer++) {
      initial.block("h." + layer, width, residual);
    }
    initial.norm("ln_f", width);
    initial.linear("head", InitialWeights.DEVIATION, width, width);
    initial.norm("head.ln_1", width);
    initial.constant("read.bias", 0, BYTES);
    return initial.byName();
  }

  /**
   * Returns the number of weights: those of a GPT, the mask, the head, and a bias for each byte.
   */
  static long parameterCount(GptConfig config) {
    long width = config.width();
    return config.parameterCount() + width + (width * width + width) + 2 * width + BYTES;
  }

  @Override
  public Map<String, Tensor> parameters() {
    return weights.byName();
  }

  /**
   * Returns the logits of the byte at each position.
   *
   * @param inputs int64, batch x length
   * @return float32, batch x length x 256
   */
  private Tensor logits(Tensor inputs) {
    Tensor embedded = torch.embedding(tokens, inputs);
    Tensor x = Weights.wide(embedded).add(Weights.wide(positions.narrow(0, 0, inputs.size(1))));
    for (TransformerBlock block : blocks) {
      x = block.forward(x, TransformerBlock.EVERYTHING, /* causal= */ false);
    }
    Tensor read = headNorm.forward(torch.gelu(head.forward(lastNorm.forward(x))));
    Tensor bytes = Weights.wide(tokens).narrow(0, 0, BYTES);
    return torch.linear(read, bytes, new TensorOptional(Weights.wide(bias)));
  }

  @Override
  public Tensor loss(Tensor inputs, Tensor targets) {
    return torch.cross_entropy_loss(logits(inputs).reshape(-1, BYTES), targets.reshape(-1));
  }

  /** Returns the likeliest byte at each position of a window. */
  int[] guesses(long[] window) {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Tensor logits = logits(Tensor.create(window, 1, window.length));
      Tensor best = logits.argmax(new LongOptional(2), false);
      long[] values = new long[window.length];
      best.contiguous().data_ptr_long().get(values);
      int[] guesses = new int[values.length];
      for (int i = 0; i < guesses.length; i++) {
        guesses[i] = (int) values[i];
      }
      return guesses;
    }
  }

  @Override
  public Encoder replica() {
    return new Encoder(config, weights.replica());
  }

  @Override
  public void close() {
    weights.close();
  }
}
