package dev.mincover.lab.model;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * A block of a transformer, built like GPT-2's: norms before attention and feed-forward, GELU. Its
 * weights are those of {@link InitialWeights#block}.
 */
public final class TransformerBlock {

  /** No position is hidden from any other. */
  public static final TensorOptional EVERYTHING = new TensorOptional();

  private final int heads;
  private final Weights.Norm norm1;
  private final Weights.Linear attentionIn;
  private final Weights.Linear attentionOut;
  private final Weights.Norm norm2;
  private final Weights.Linear feedForwardIn;
  private final Weights.Linear feedForwardOut;

  /** Makes the block of the weights whose names start with {@code name}. */
  public TransformerBlock(Weights weights, String name, int heads) {
    this.heads = heads;
    norm1 = weights.norm(name + ".ln_1");
    attentionIn = weights.linear(name + ".attn.c_attn");
    attentionOut = weights.linear(name + ".attn.c_proj");
    norm2 = weights.norm(name + ".ln_2");
    feedForwardIn = weights.linear(name + ".mlp.c_fc");
    feedForwardOut = weights.linear(name + ".mlp.c_proj");
  }

  /**
   * Maps batch x length x width to the same shape.
   *
   * @param mask which positions are seen, broadcast to batch x heads x length x length
   * @param causal whether each position sees only itself and those before it; then there is no mask
   */
  public Tensor forward(Tensor x, TensorOptional mask, boolean causal) {
    return feedForward(selfAttention(x, mask, causal));
  }

  /**
   * Keys and values of positions.
   *
   * @param key batch x heads x length x width of a head
   * @param value as the key
   */
  public record KeyValue(Tensor key, Tensor value) {}

  /** Adds what each position takes from the others. The arguments are those of {@link #forward}. */
  public Tensor selfAttention(Tensor x, TensorOptional mask, boolean causal) {
    TensorVector queryKeyValue = queryKeyValue(x);
    return attended(x, queryKeyValue.get(0), keyValue(queryKeyValue), mask, causal);
  }

  /**
   * Adds what positions take from others and from themselves.
   *
   * @param seen returns all that they see, given what they are themselves
   */
  public Tensor selfAttention(Tensor x, UnaryOperator<KeyValue> seen) {
    TensorVector queryKeyValue = queryKeyValue(x);
    KeyValue all = seen.apply(keyValue(queryKeyValue));
    return attended(x, queryKeyValue.get(0), all, EVERYTHING, false);
  }

  private TensorVector queryKeyValue(Tensor x) {
    return attentionIn
        .forward(norm1.forward(x))
        .view(x.size(0), x.size(1), 3, heads, x.size(2) / heads)
        .permute(2, 0, 3, 1, 4)
        .unbind(0);
  }

  private static KeyValue keyValue(TensorVector queryKeyValue) {
    return new KeyValue(queryKeyValue.get(1), queryKeyValue.get(2));
  }

  private Tensor attended(
      Tensor x, Tensor query, KeyValue seen, TensorOptional mask, boolean causal) {
    return x.add(attentionOut.forward(mixed(query, seen.key(), seen.value(), mask, causal)));
  }

  /** Adds what each position makes of itself. */
  public Tensor feedForward(Tensor x) {
    return x.add(feedForwardOut.forward(torch.gelu(feedForwardIn.forward(norm2.forward(x)))));
  }

  /**
   * Mixes values by attention, and puts the heads side by side again.
   *
   * @param query batch x heads x length x width of a head
   * @return batch x length x width
   */
  public static Tensor mixed(
      Tensor query, Tensor key, Tensor value, TensorOptional mask, boolean causal) {
    Tensor mixed =
        torch.scaled_dot_product_attention(
            query, key, value, mask, 0.0, causal, new DoubleOptional(), false);
    return mixed
        .transpose(1, 2)
        .reshape(query.size(0), query.size(2), query.size(1) * query.size(3));
  }
}
