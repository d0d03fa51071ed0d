package dev.mincover.lab.catalogue;

import java.util.List;

/**
 * The size of a Transformer for translation (Vaswani et al. 2017, arXiv:1706.03762): encoder and
 * decoder, attention without biases, feed-forward parts of 4 times the width with biases, a layer
 * norm after each, sinusoidal positions, and one matrix for both embeddings and the output layer.
 *
 * @param name by which it is chosen
 * @param layers number of blocks of the encoder, and of the decoder
 * @param width size of the vector that represents a token
 * @param heads attention heads per block
 * @param vocabulary number of different tokens of both languages
 */
public record TransformerSize(String name, int layers, int width, int heads, int vocabulary)
    implements KnownModel {

  private static final int USUAL_CONTEXT = 256;
  private static final int LONGEST_CONTEXT = 1 << 16;

  /**
   * The big model of table 3 of the paper. The paper gives 213 million weights; with 37,000 tokens
   * ("about 37,000") its shapes have 214.2 million.
   */
  static final List<TransformerSize> KNOWN =
      List.of(new TransformerSize("transformer-big", 6, 1024, 16, 37_000));

  @Override
  public String description() {
    return "%d + %d layers, width %d, vocabulary %,d, no biases in attention"
        .formatted(layers, layers, width, vocabulary);
  }

  @Override
  public int context() {
    return USUAL_CONTEXT;
  }

  /** Positions are computed, so their number has no limit. */
  @Override
  public int longestContext() {
    return LONGEST_CONTEXT;
  }

  @Override
  public List<List<TensorShape>> layerTensors() {
    TensorList tensors = new TensorList();
    tensors.add("embedding.weight", vocabulary, width);
    for (int i = 0; i < layers; i++) {
      tensors.next();
      attention(tensors, "encoder." + i + ".self");
      feedForward(tensors, "encoder." + i + ".feed_forward");
    }
    for (int i = 0; i < layers; i++) {
      tensors.next();
      attention(tensors, "decoder." + i + ".self");
      attention(tensors, "decoder." + i + ".cross");
      feedForward(tensors, "decoder." + i + ".feed_forward");
    }
    return tensors.parts();
  }

  private void attention(TensorList tensors, String prefix) {
    for (String part : List.of("query", "key", "value", "output")) {
      tensors.add("%s.%s.weight".formatted(prefix, part), width, width);
    }
    tensors.norm(prefix + ".norm", width);
  }

  private void feedForward(TensorList tensors, String prefix) {
    tensors.linear(prefix + ".inner", width, 4 * width, 4 * width);
    tensors.linear(prefix + ".outer", 4 * width, width, width);
    tensors.norm(prefix + ".norm", width);
  }

  /** Both languages have the same number of tokens. */
  @Override
  public Activations activations(int context, int valueBytes) {
    return new Activations.Builder(context, width, heads, valueBytes)
        .layers(layers)
        .layersWithCrossAttention(layers)
        .outside(2, 2, vocabulary)
        .build();
  }
}
