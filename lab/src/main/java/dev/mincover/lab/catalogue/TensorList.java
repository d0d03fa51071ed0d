package dev.mincover.lab.catalogue;

import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** Collects the tensors of a model, part by part. */
final class TensorList {

  private final List<List<TensorShape>> parts = new ArrayList<>(List.of(new ArrayList<>()));
  private long weights;

  /** Begins the next part. */
  void next() {
    parts.add(new ArrayList<>());
  }

  /** Adds a tensor. */
  void add(String name, long... dimensions) {
    Shape shape = Shape.of(dimensions);
    parts.getLast().add(new TensorShape(name, shape, weights));
    weights += shape.size();
  }

  /** Adds a matrix and its bias. Models differ in the orientation of their matrices. */
  void linear(String prefix, int rows, int columns, int bias) {
    add(prefix + ".weight", rows, columns);
    add(prefix + ".bias", bias);
  }

  /** Adds the scale and the shift of a layer norm. */
  void norm(String prefix, int width) {
    add(prefix + ".weight", width);
    add(prefix + ".bias", width);
  }

  /** Returns the tensors, part by part. */
  List<List<TensorShape>> parts() {
    return parts.stream().map(List::copyOf).toList();
  }
}
