package dev.mincover.lab.catalogue;

import dev.mincover.tensor.Shape;
import java.util.List;

/** A Transformer of known size: what tensors it has, without a model behind them. */
public sealed interface KnownModel permits GptSize, BertSize, TransformerSize {

  /** What it is chosen by. */
  String name();

  /** Its sizes in words. */
  String description();

  /** Of attention, in each layer. */
  int heads();

  /** Tokens of a sequence: all that the model has positions for, or what is usual. */
  int context();

  /** The most tokens a sequence can have. */
  int longestContext();

  /** All tensors in the model's order: embeddings, each layer's, what follows them. */
  List<List<TensorShape>> layerTensors();

  /**
   * What is kept of a sequence until its gradients are known.
   *
   * @param context tokens of the sequence
   * @param valueBytes of an activation: 2 or 4
   */
  Activations activations(int context, int valueBytes);

  /** All tensors, in the model's order. */
  default List<TensorShape> tensors() {
    return layerTensors().stream().flatMap(List::stream).toList();
  }

  /** The shapes of all tensors, in the model's order. */
  default List<Shape> shapes() {
    return tensors().stream().map(TensorShape::shape).toList();
  }

  /** How many tensors there are. */
  default int tensorCount() {
    return tensors().size();
  }

  /** How many weights there are. */
  default long weightCount() {
    TensorShape last = layerTensors().getLast().getLast();
    return last.first() + last.shape().size();
  }
}
