package dev.mincover.tribuo;

import dev.mincover.recipe.Sm3;
import java.util.Arrays;
import org.tribuo.math.la.Tensor;

/** The state of SM3 for the tensors of one training, and its steps. */
final class Sm3Training {

  private final Sm3 recipe;
  private final Tensor[] weights;
  private final TensorState[] tensors;
  private long steps;

  /**
   * Starts from 0.
   *
   * @param weights the tensors that learn; not copied, and read by nobody but {@link TrainingFile}
   */
  Sm3Training(Sm3 recipe, Tensor[] weights) {
    this.recipe = recipe;
    this.weights = weights;
    tensors = new TensorState[weights.length];
    for (int i = 0; i < weights.length; i++) {
      tensors[i] = new TensorState(recipe, i, weights[i].getShape());
    }
  }

  /** See {@link Sm3Optimiser#step}. */
  void step(Tensor[] gradients, double weight) {
    if (gradients.length != tensors.length) {
      throw new IllegalArgumentException(
          "%d gradients for %d tensors; give one for each tensor of the parameters"
              .formatted(gradients.length, tensors.length));
    }
    if (!Double.isFinite(weight)) {
      throw new IllegalArgumentException(
          "weight is %s; the weight of an example must be finite".formatted(weight));
    }
    // Everything is read and checked before anything is changed.
    for (int i = 0; i < tensors.length; i++) {
      tensors[i].read(gradients[i], weight);
    }
    steps++;
    double eta = recipe.learningRate().at(steps);
    for (int i = 0; i < tensors.length; i++) {
      tensors[i].step(gradients[i], weight, eta);
    }
  }

  Sm3 recipe() {
    return recipe;
  }

  Tensor[] weights() {
    return weights;
  }

  TensorState tensor(int i) {
    return tensors[i];
  }

  long steps() {
    return steps;
  }

  void resume(long steps) {
    this.steps = steps;
  }

  long stateBytes() {
    return Arrays.stream(tensors).mapToLong(TensorState::stateBytes).sum();
  }

  long scratchBytes() {
    return Arrays.stream(tensors).mapToLong(TensorState::scratchBytes).sum();
  }
}
