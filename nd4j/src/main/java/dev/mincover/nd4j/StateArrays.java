package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;

import dev.mincover.checkpoint.NamedTensor;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** An optimizer's state as arrays of ND4J's, of the same types and shapes, and back. */
final class StateArrays {

  private StateArrays() {}

  /** A copy, outside of any workspace. */
  static INDArray copy(NamedTensor tensor) {
    try (var _ = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      INDArray array = Nd4j.createUninitialized(type(tensor), tensor.shape().dimensions(), 'c');
      ArrayMemory.of(array).copyFrom(tensor.elements());
      return array;
    }
  }

  /** A number, as an array of one. */
  static INDArray number(long value) {
    try (var _ = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
      return Nd4j.createFromArray(value);
    }
  }

  /**
   * Checks that saved state has the names and the form of an optimizer's.
   *
   * @param number the name of what is saved besides
   * @throws IllegalArgumentException if it has not, naming the first difference
   */
  static void requireFitting(
      Map<String, INDArray> saved, Map<String, NamedTensor> state, String number) {
    Set<String> names = new TreeSet<>(state.keySet());
    names.add(number);
    if (!saved.keySet().equals(names)) {
      throw new IllegalArgumentException(
          "the saved updater state has %s, and the updater keeps %s; load the graph with the updater that it was saved with"
              .formatted(new TreeSet<>(saved.keySet()), names));
    }
    state.forEach((name, tensor) -> {
      INDArray array = requireNonNull(saved.get(name));
      if (array.dataType() != type(tensor)
          || !Arrays.equals(array.shape(), tensor.shape().dimensions())) {
        throw new IllegalArgumentException(
            "the saved updater state '%s' is %s %s, and the variable needs %s"
                .formatted(
                    name, array.dataType(), Arrays.toString(array.shape()), tensor.format()));
      }
    });
  }

  /** Overwrites an optimizer's state. */
  static void copyBack(INDArray array, NamedTensor tensor) {
    INDArray rowMajor = array.dup('c');
    tensor.elements().copyFrom(ArrayMemory.of(rowMajor));
    rowMajor.close(); // And so held until here.
  }

  private static DataType type(NamedTensor tensor) {
    return switch (tensor.type()) {
      case F32 -> DataType.FLOAT;
      case BF16 -> DataType.BFLOAT16;
      case F16 -> DataType.FLOAT16;
      case I8 -> DataType.INT8;
      default -> throw new AssertionError(tensor.format());
    };
  }
}
