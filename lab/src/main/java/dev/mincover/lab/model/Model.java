package dev.mincover.lab.model;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A network that is trained on batches of samples, as the training loop sees it. */
public interface Model extends AutoCloseable {

  /**
   * The weights by name, in a stable order. They are the model's own tensors, which training
   * overwrites.
   */
  Map<String, Tensor> parameters();

  /**
   * Returns the mean cross-entropy of the targets that count, in nats per target, as a scalar to
   * differentiate. Must be called inside a PointerScope, which frees the intermediate results.
   *
   * @param inputs int64, batch x length of a row of inputs
   * @param targets int64, batch x length of a row of targets; at least one counts, and {@link
   *     dev.mincover.lab.data.Batch#IGNORED} does not
   */
  Tensor loss(Tensor inputs, Tensor targets);

  /**
   * Returns what training makes small, as {@link #loss} does: the loss itself, unless a model is
   * trained by another.
   */
  default Tensor trainingLoss(Tensor inputs, Tensor targets) {
    return loss(inputs, targets);
  }

  /** Returns a model with the same weights and its own gradients, for another thread. */
  Model replica();

  /** The number of weights. */
  default long parameterCount() {
    return parameters().values().stream().mapToLong(Tensor::numel).sum();
  }

  /** Releases the weights. */
  @Override
  void close();
}
