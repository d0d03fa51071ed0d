package dev.mincover.lab.translation;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.model.InitialWeights;
import dev.mincover.lab.model.TransformerBlock;
import dev.mincover.lab.model.Weights;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A block of a decoder: attention to the translation so far, attention to the sentence that is
 * translated, and a feed-forward, each with its norm before it.
 */
final class DecoderBlock {

  private final int heads;
  private final TransformerBlock own;
  private final Weights.Norm crossNorm;
  private final Weights.Linear crossQuery;
  private final Weights.Linear crossKeyValue;
  private final Weights.Linear crossOut;

  /**
   * What a sentence gives to the attention of a block.
   *
   * @param key batch x heads x length x width of a head
   * @param value as the key
   * @param mask which places of the sentence are bytes, batch x 1 x 1 x length
   */
  record Sentence(Tensor key, Tensor value, Tensor mask) {

    /** Returns rows of it; {@code rows} are their numbers, int64. */
    Sentence select(Tensor rows) {
      return new Sentence(
          key.index_select(0, rows), value.index_select(0, rows), mask.index_select(0, rows));
    }
  }

  /** What a block remembers of the places before the next, kept over scopes of pointers. */
  static final class Memory implements AutoCloseable {
    private @Nullable Tensor key;
    private @Nullable Tensor value;

    /** Appends the keys and values of a place, and returns those of all places. */
    private TransformerBlock.KeyValue append(TransformerBlock.KeyValue place) {
      // An element of a vector of tensors is freed with the vector, whoever retains it.
      Tensor keys = key == null ? place.key().detach() : joined(key, place.key());
      Tensor values = value == null ? place.value().detach() : joined(value, place.value());
      replace(keys, values);
      return new TransformerBlock.KeyValue(keys, values);
    }

    private static Tensor joined(Tensor before, Tensor place) {
      return torch.cat(new TensorVector(before, place), 2);
    }

    /** Takes over what other rows remember: {@code rows} are their numbers, int64. */
    void select(Tensor rows) {
      replace(
          requireNonNull(key).index_select(0, rows), requireNonNull(value).index_select(0, rows));
    }

    private void replace(Tensor keys, Tensor values) {
      keys.retainReference();
      values.retainReference();
      close();
      key = keys;
      value = values;
    }

    @Override
    public void close() {
      if (key != null && value != null) {
        key.releaseReference();
        value.releaseReference();
      }
    }
  }

  DecoderBlock(Weights weights, String name, int heads) {
    this.heads = heads;
    own = new TransformerBlock(weights, name, heads);
    crossNorm = weights.norm(name + ".ln_x");
    crossQuery = weights.linear(name + ".cross.c_q");
    crossKeyValue = weights.linear(name + ".cross.c_kv");
    crossOut = weights.linear(name + ".cross.c_proj");
  }

  /** Draws the weights. */
  static void draw(InitialWeights initial, String name, int width, double residual) {
    initial.block(name, width, residual);
    initial.norm(name + ".ln_x", width);
    initial.linear(name + ".cross.c_q", InitialWeights.DEVIATION, width, width);
    initial.linear(name + ".cross.c_kv", InitialWeights.DEVIATION, width, 2 * width);
    initial.linear(name + ".cross.c_proj", residual, width, width);
  }

  /** Returns what an encoded sentence gives to this block. */
  Sentence read(Tensor encoded, Tensor mask) {
    TensorVector keyValue =
        crossKeyValue
            .forward(encoded)
            .view(encoded.size(0), encoded.size(1), 2, heads, encoded.size(2) / heads)
            .permute(2, 0, 3, 1, 4)
            .unbind(0);
    return new Sentence(keyValue.get(0), keyValue.get(1), mask);
  }

  /** Maps batch x length x width to the same shape; no place sees those after it. */
  Tensor forward(Tensor x, Sentence sentence) {
    return after(own.selfAttention(x, TransformerBlock.EVERYTHING, /* causal= */ true), sentence);
  }

  /** The same for the next place alone, batch x 1 x width, with those before it from memory. */
  Tensor next(Tensor x, Sentence sentence, Memory memory) {
    return after(own.selfAttention(x, memory::append), sentence);
  }

  private Tensor after(Tensor x, Sentence sentence) {
    Tensor query =
        crossQuery
            .forward(crossNorm.forward(x))
            .view(x.size(0), x.size(1), heads, x.size(2) / heads)
            .transpose(1, 2);
    Tensor mixed =
        TransformerBlock.mixed(
            query,
            sentence.key(),
            sentence.value(),
            new TensorOptional(sentence.mask()),
            /* causal= */ false);
    return own.feedForward(x.add(crossOut.forward(mixed)));
  }
}
