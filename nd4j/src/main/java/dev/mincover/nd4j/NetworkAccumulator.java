package dev.mincover.nd4j;

import org.deeplearning4j.optimize.api.StepFunction;
import org.deeplearning4j.optimize.solvers.accumulation.GradientsAccumulator;
import org.deeplearning4j.optimize.solvers.accumulation.IndexedTail;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What DL4J asks for an update in the place of its own step function, once the updaters are through
 * with the gradients. There are no updates of other workers.
 */
final class NetworkAccumulator implements GradientsAccumulator {

  private static final long serialVersionUID = 1;

  private final transient NetworkOptimizer optimizer;

  NetworkAccumulator(NetworkOptimizer optimizer) {
    this.optimizer = optimizer;
  }

  @Override
  public void applyUpdate(
      StepFunction function, INDArray params, INDArray updates, boolean isFinalStep) {
    optimizer.step();
  }

  @Override
  public void applyUpdate(StepFunction function, INDArray params, INDArray updates, double alpha) {
    throw new UnsupportedOperationException(
        "DL4J asks for an update of %s; its optimizationAlgo must be STOCHASTIC_GRADIENT_DESCENT"
            .formatted(alpha));
  }

  @Override
  public void storeUpdate(INDArray array, int iterationNumber, int epochNumber) {}

  @Override
  public void receiveUpdate(INDArray array) {}

  @Override
  public void setExternalSource(@Nullable IndexedTail source) {}

  @Override
  public @Nullable IndexedTail getExternalSource() {
    return null;
  }

  @Override
  public void markExternalUpdates(boolean updatesAvailable) {}

  @Override
  public void reset() {}

  @Override
  public void touch() {}

  @Override
  public boolean hasAnything() {
    return false;
  }
}
