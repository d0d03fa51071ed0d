package dev.mincover.lab.catalogue;

import java.util.ArrayList;
import java.util.List;

/**
 * What standard backpropagation keeps of one sequence in a Transformer: the inputs of every
 * operation that its gradient needs. Attention matrices are kept and nothing is computed again.
 * With 2 bytes a value this is section 4 of Korthikanti et al. (2022), <a
 * href="https://arxiv.org/abs/2205.05198">arXiv:2205.05198</a>: tokens * (34 width + 5 heads *
 * tokens) bytes a layer. Of these, 2 and 1 are dropout masks of a byte, which stay what they are
 * where values take 4. Logits are float32.
 *
 * @param bytes in all
 * @param formula how they come about, in terms to be added up
 */
public record Activations(long bytes, List<String> formula) {

  /** Copies the list. */
  public Activations {
    formula = List.copyOf(formula);
  }

  /** Adds up the parts of a model. */
  static final class Builder {
    private final long tokens;
    private final long width;
    private final long heads;
    private final long valueBytes;
    private final List<String> formula = new ArrayList<>();
    private long bytes;

    Builder(int tokens, int width, int heads, int valueBytes) {
      this.tokens = tokens;
      this.width = width;
      this.heads = heads;
      this.valueBytes = valueBytes;
    }

    /** Layers of an attention over the sequence itself and a feed-forward of 4 times the width. */
    Builder layers(int count) {
      return layers(count, 16, 2, 1);
    }

    /** The same, with an attention over another sequence as long. */
    Builder layersWithCrossAttention(int count) {
      // Queries and their input, keys, values, what is projected, the norm's input; a mask.
      return layers(count, 16 + 6, 2 + 1, 2);
    }

    private Builder layers(int count, int values, int masks, int attentions) {
      long perWidth = values * valueBytes + masks;
      long perPair = attentions * (2 * valueBytes + 1);
      bytes += count * tokens * (perWidth * width + perPair * heads * tokens);
      formula.add(
          "%d layers of tokens x (%d width + %d heads x tokens)"
              .formatted(count, perWidth, perPair));
      return this;
    }

    /** Embeddings and what follows the layers, with logits over a vocabulary, or 0 for none. */
    Builder outside(int values, int masks, int vocabulary) {
      long perWidth = values * valueBytes + masks;
      bytes += tokens * (perWidth * width + 4L * vocabulary);
      formula.add(
          vocabulary == 0
              ? "tokens x %d width outside them".formatted(perWidth)
              : "tokens x (%d width + 4 vocabulary) outside them".formatted(perWidth));
      return this;
    }

    Activations build() {
      return new Activations(bytes, formula);
    }
  }
}
