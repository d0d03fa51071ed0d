package dev.mincover.nd4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Arrays in all the ways in which ND4J lays them out. */
final class Arrays4j {

  private Arrays4j() {}

  /** A float32 array of these values, which are given in row-major order. */
  static INDArray array(float[] values, char order, long... shape) {
    if (values.length == 0) {
      return Nd4j.create(DataType.FLOAT, shape);
    }
    INDArray rowMajor = Nd4j.createFromArray(values).reshape('c', shape);
    return rowMajor.dup(order);
  }

  /** The same as a view into a larger array, which starts at its fourth element. */
  static INDArray view(float[] values, char order, long... shape) {
    if (values.length == 0) {
      return Nd4j.create(DataType.FLOAT, shape);
    }
    INDArray flat = Nd4j.zeros(DataType.FLOAT, values.length + 7);
    INDArray view = flat.get(NDArrayIndex.interval(3, 3 + values.length)).reshape(order, shape);
    view.assign(array(values, order, shape));
    return view;
  }

  /** The values in row-major order, whatever their order in memory. */
  static float[] values(INDArray array) {
    return array.isEmpty() ? new float[0] : array.dup('c').data().asFloat();
  }
}
