package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One array as core sees it. Its user may put another array in its place at any time, so that it is
 * asked for at every step.
 */
final class ArrayParameter {

  private final String name;
  private final Supplier<INDArray> source;
  private final boolean frozen;

  /** The array that was found last. */
  private INDArray array;

  private MemoryOrder order;
  private Parameter bound;

  /**
   * A parameter.
   *
   * @param source gives the array as it is now; asked at every step
   * @throws IllegalArgumentException if its type or its memory is none that core steps
   */
  ArrayParameter(String name, Supplier<INDArray> source, boolean frozen) {
    this.name = name;
    this.source = source;
    this.frozen = frozen;
    array = source.get();
    order = usableOrder(array);
    bound = parameter();
  }

  String name() {
    return name;
  }

  boolean frozen() {
    return frozen;
  }

  /** The array that was found last. */
  INDArray array() {
    return array;
  }

  MemoryOrder order() {
    return order;
  }

  /** Over the memory that was found last, with the axes in memory order. */
  Parameter bound() {
    return bound;
  }

  /**
   * Looks where the weights are now.
   *
   * @throws IllegalArgumentException as the constructor
   * @throws IllegalStateException if the array has another shape, type or order than before
   */
  void look() {
    INDArray now = source.get();
    MemoryOrder found = usableOrder(now);
    if (!found.agrees(order) || ArrayMemory.type(now) != bound.type()) {
      throw new IllegalStateException(
          "parameter '%s' is now %s %s in order '%s', and was bound as %s of shape %s; bind again"
              .formatted(
                  name,
                  now.dataType(),
                  Arrays.toString(now.shape()),
                  now.ordering(),
                  bound.type(),
                  Arrays.toString(array.shape())));
    }
    array = now;
    if (!now.isEmpty() && ArrayMemory.address(now) != bound.weights().address()) {
      bound = parameter();
    }
  }

  private Parameter parameter() {
    DataType type = requireNonNull(ArrayMemory.type(array));
    return new Parameter(name, order.shape(), ArrayMemory.holding(array), type, frozen);
  }

  private MemoryOrder usableOrder(INDArray array) {
    if (array.wasClosed()) {
      throw new IllegalArgumentException(
          "the array of parameter '%s' was closed; close the optimizer first".formatted(name));
    }
    if (ArrayMemory.type(array) == null) {
      throw new IllegalArgumentException(
          "parameter '%s' is %s; only FLOAT, BFLOAT16 and FLOAT16 can be bound: use castTo(DataType.FLOAT)"
              .formatted(name, array.dataType()));
    }
    if (array.isAttached()) {
      throw new IllegalArgumentException(
          "parameter '%s' lies in a workspace, whose memory is used again; bind its detach()"
              .formatted(name));
    }
    MemoryOrder order = ArrayMemory.order(array);
    if (order == null) {
      throw new IllegalArgumentException(
          "parameter '%s' of shape %s and strides %s is a view with gaps between its elements; bind its dup()"
              .formatted(name, Arrays.toString(array.shape()), Arrays.toString(array.stride())));
    }
    return order;
  }

  /**
   * Returns an array as a gradient of this parameter: as it lies, or a copy if it lies in another
   * order than the weights.
   *
   * @param copies receives the copy, if there is one; to be closed after the step
   * @throws IllegalArgumentException if its type or shape does not fit, or it was closed
   */
  Gradient gradient(INDArray gradient, List<INDArray> copies) {
    if (gradient.wasClosed()) {
      throw new IllegalArgumentException(
          "the gradient of parameter '%s' was closed; step before it is".formatted(name));
    }
    DataType type = ArrayMemory.type(gradient);
    if (type == null || !Arrays.equals(gradient.shape(), array.shape())) {
      throw new IllegalArgumentException(
          "the gradient of parameter '%s' is %s %s; it must be FLOAT, BFLOAT16 or FLOAT16 %s"
              .formatted(
                  name,
                  gradient.dataType(),
                  Arrays.toString(gradient.shape()),
                  Arrays.toString(array.shape())));
    }
    MemoryOrder given = ArrayMemory.order(gradient);
    if (given != null && given.agrees(order)) {
      return Gradient.dense(ArrayMemory.of(gradient), type);
    }
    INDArray copy = gradient.permute(order.axes()).dup('c');
    copies.add(copy);
    return Gradient.dense(ArrayMemory.of(copy), type);
  }
}
