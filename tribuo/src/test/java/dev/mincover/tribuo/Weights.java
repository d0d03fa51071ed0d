package dev.mincover.tribuo;

import org.tribuo.math.Parameters;
import org.tribuo.math.la.Tensor;
import org.tribuo.math.protos.ParametersProto;

/** Parameters of any tensors. */
@SuppressWarnings("serial") // Never serialized.
final class Weights implements Parameters {

  private final Tensor[] tensors;

  Weights(Tensor... tensors) {
    this.tensors = tensors;
  }

  @Override
  public Tensor[] get() {
    return tensors;
  }

  @Override
  public void update(Tensor[] gradients) {
    for (int i = 0; i < tensors.length; i++) {
      tensors[i].intersectAndAddInPlace(gradients[i]);
    }
  }

  @Override
  public Tensor[] getEmptyCopy() {
    throw new UnsupportedOperationException("SM3 needs no tensor as large as the weights");
  }

  @Override
  public void set(Tensor[] newWeights) {
    System.arraycopy(newWeights, 0, tensors, 0, tensors.length);
  }

  @Override
  public Tensor[] merge(Tensor[][] gradients, int size) {
    throw new UnsupportedOperationException("tests merge nothing");
  }

  @Override
  public ParametersProto serialize() {
    throw new UnsupportedOperationException("tests serialize nothing");
  }
}
