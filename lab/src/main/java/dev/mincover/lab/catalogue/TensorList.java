package dev.mincover.lab.catalogue;

import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Collects the tensors of a model, part by part. */
final class TensorList {

  private final List<List<TensorShape>> parts = new ArrayList<>(List.of(new ArrayList<>()));
  private long weights;

  /** What comes now belongs to another part. */
  void next() {
    parts.add(new ArrayList<>());
  }

  /** A tensor. */
  void add(String name, long... dimensions) {
    Shape shape = Shape.of(dimensions);
    parts.getLast().add(new TensorShape(name, shape, weights));
    weights += shape.size();
  }

  /** A matrix and its bias; which way round the matrix lies is the model's habit. */
  void linear(String prefix, int rows, int columns, int bias) {
    add(prefix + ".weight", rows, columns);
    add(prefix + ".bias", bias);
  }

  /** Scale and shift of a layer norm. */
  void norm(String prefix, int width) {
    add(prefix + ".weight", width);
    add(prefix + ".bias", width);
  }

  /** All of them, in order. */
  List<List<TensorShape>> parts() {
    return parts.stream().map(List::copyOf).toList();
  }
}
