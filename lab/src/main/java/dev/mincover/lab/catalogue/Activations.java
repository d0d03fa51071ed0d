package dev.mincover.lab.catalogue;

import java.util.ArrayList;
import java.util.List;

/**
 * The memory that standard backpropagation keeps for one sequence in a Transformer: the inputs of
 * every operation that its gradient needs. Attention matrices are kept, and nothing is recomputed.
 * With 2 bytes per value this is section 4 of Korthikanti et al. (2022), <a
 * href="https://arxiv.org/abs/2205.05198">arXiv:2205.05198</a>: tokens * (34 width + 5 heads *
 * tokens) bytes per layer. Of these, 2 and 1 are dropout masks with one byte per value, also if
 * values take 4 bytes. Logits are float32.
 *
 * @param bytes in all
 * @param formula terms to be added up
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

    /** Adds layers with self-attention and a feed-forward part of 4 times the width. */
    Builder layers(int count) {
      return layers(count, 16, 2, 1);
    }

    /**
     * Adds layers with self-attention, attention over another sequence of the same length, and a
     * feed-forward part.
     */
    Builder layersWithCrossAttention(int count) {
      // Queries and their input, keys, values, the projection's and the norm's input; a mask.
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

    /**
     * Adds embeddings and what follows the layers, with logits over a vocabulary; 0 for no logits.
     */
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
