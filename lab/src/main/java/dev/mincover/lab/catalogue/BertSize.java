package dev.mincover.lab.catalogue;

import java.util.List;

/**
 * The size of an uncased BERT (Devlin et al. 2018, arXiv:1810.04805): the encoder with embeddings
 * and pooler, without the heads of pre-training.
 *
 * @param name by which it is chosen
 * @param layers number of blocks
 * @param width size of the vector that represents a token
 * @param heads attention heads per block
 */
public record BertSize(String name, int layers, int width, int heads) implements KnownModel {

  private static final int VOCABULARY = 30_522;
  private static final int CONTEXT = 512;
  private static final int SEGMENTS = 2;

  /** The two sizes of the paper. */
  static final List<BertSize> KNOWN =
      List.of(new BertSize("bert-base", 12, 768, 12), new BertSize("bert-large", 24, 1024, 16));

  @Override
  public String description() {
    return "%d layers, width %d, vocabulary %,d, context %,d, pooler, no heads"
        .formatted(layers, width, VOCABULARY, CONTEXT);
  }

  @Override
  public int context() {
    return CONTEXT;
  }

  @Override
  public int longestContext() {
    return CONTEXT;
  }

  @Override
  public List<List<TensorShape>> layerTensors() {
    TensorList tensors = new TensorList();
    tensors.add("embeddings.word_embeddings.weight", VOCABULARY, width);
    tensors.add("embeddings.position_embeddings.weight", CONTEXT, width);
    tensors.add("embeddings.token_type_embeddings.weight", SEGMENTS, width);
    tensors.norm("embeddings.LayerNorm", width);
    for (int i = 0; i < layers; i++) {
      String prefix = "encoder.layer." + i + ".";
      tensors.next();
      for (String part : List.of("self.query", "self.key", "self.value", "output.dense")) {
        linear(tensors, prefix + "attention." + part, width, width);
      }
      tensors.norm(prefix + "attention.output.LayerNorm", width);
      linear(tensors, prefix + "intermediate.dense", width, 4 * width);
      linear(tensors, prefix + "output.dense", 4 * width, width);
      tensors.norm(prefix + "output.LayerNorm", width);
    }
    tensors.next();
    linear(tensors, "pooler.dense", width, width);
    return tensors.parts();
  }

  /** Adds a matrix and a bias. PyTorch stores matrices as (outputs x inputs). */
  private static void linear(TensorList tensors, String prefix, int inputs, int outputs) {
    tensors.linear(prefix, outputs, inputs, outputs);
  }

  @Override
  public Activations activations(int context, int valueBytes) {
    return new Activations.Builder(context, width, heads, valueBytes)
        .layers(layers)
        .outside(1, 1, 0)
        .build();
  }
}
