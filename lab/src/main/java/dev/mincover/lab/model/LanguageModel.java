package dev.mincover.lab.model;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A network that is trained on windows of tokens: what the training loop needs to know of it. */
public interface LanguageModel extends AutoCloseable {

  /** The weights by name, in a stable order: the model's own tensors, which learning overwrites. */
  Map<String, Tensor> parameters();

  /**
   * The mean cross-entropy of the targets, in nats a token, as a scalar to differentiate. Must be
   * called inside a PointerScope, which frees what the pass leaves behind.
   *
   * @param inputs int64, batch x length
   * @param targets int64, batch x length
   */
  Tensor loss(Tensor inputs, Tensor targets);

  /** A model over the same weights with gradients of its own, for another thread to work on. */
  LanguageModel replica();

  /** The number of weights. */
  default long parameterCount() {
    return parameters().values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Lets go of the weights. */
  @Override
  void close();
}
