package dev.mincover.lab.catalogue;

import dev.mincover.tensor.Shape;
import java.util.List;

/** A Transformer of known size: its tensors, without their values. */
public sealed interface KnownModel permits GptSize, BertSize, TransformerSize {

  /** The name by which it is chosen. */
  String name();

  /** A description of its size. */
  String description();

  /** Attention heads per layer. */
  int heads();

  /**
   * The default number of tokens per sequence: the number of positions of the model, or a usual
   * number.
   */
  int context();

  /** The largest number of tokens per sequence. */
  int longestContext();

  /**
   * Returns all tensors in the model's order: embeddings, the layers one by one, and what follows
   * them.
   */
  List<List<TensorShape>> layerTensors();

  /**
   * Returns the memory that is kept for a sequence until its gradients are computed.
   *
   * @param context tokens per sequence
   * @param valueBytes bytes per activation: 2 or 4
   */
  Activations activations(int context, int valueBytes);

  /** Returns all tensors, in the model's order. */
  default List<TensorShape> tensors() {
    return layerTensors().stream().flatMap(List::stream).toList();
  }

  /** Returns the shapes of all tensors, in the model's order. */
  default List<Shape> shapes() {
    return tensors().stream().map(TensorShape::shape).toList();
  }

  /** The number of tensors. */
  default int tensorCount() {
    return tensors().size();
  }

  /** The number of weights. */
  default long weightCount() {
    TensorShape last = layerTensors().getLast().getLast();
    return last.first() + last.shape().size();
  }
}
