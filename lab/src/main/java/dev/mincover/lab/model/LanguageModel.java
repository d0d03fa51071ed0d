package dev.mincover.lab.model;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A network that is trained on windows of tokens, as the training loop sees it. */
public interface LanguageModel extends AutoCloseable {

  /**
   * The weights by name, in a stable order. They are the model's own tensors, which training
   * overwrites.
   */
  Map<String, Tensor> parameters();

  /**
   * Returns the mean cross-entropy of the targets, in nats per token, as a scalar to differentiate.
   * Must be called inside a PointerScope, which frees the intermediate results.
   *
   * @param inputs int64, batch x length
   * @param targets int64, batch x length
   */
  Tensor loss(Tensor inputs, Tensor targets);

  /** Returns a model with the same weights and its own gradients, for another thread. */
  LanguageModel replica();

  /** The number of weights. */
  default long parameterCount() {
    return parameters().values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Releases the weights. */
  @Override
  void close();
}
