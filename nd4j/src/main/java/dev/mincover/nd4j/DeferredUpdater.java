package dev.mincover.nd4j;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * Says in the configuration of a DL4J network that a {@link NetworkOptimizer} steps its parameters:
 * {@code new NeuralNetConfiguration.Builder().updater(new DeferredUpdater())}. It has no state and
 * no learning rate, and leaves gradients as they are. Where no optimizer is attached it throws, for
 * DL4J would subtract the gradients themselves.
 */
public final class DeferredUpdater implements IUpdater {

  private static final long serialVersionUID = 1;

  /** The updater of a configuration. */
  public DeferredUpdater() {}

  @Override
  public long stateSize(long numParams) {
    return 0;
  }

  @Override
  public GradientUpdater<?> instantiate(@Nullable INDArray viewArray, boolean initializeViewArray) {
    return new Deferred(this);
  }

  @Override
  public GradientUpdater<?> instantiate(
      Map<String, INDArray> updaterState, boolean initializeStateArrays) {
    return new Deferred(this);
  }

  @Override
  public DeferredUpdater clone() {
    return new DeferredUpdater();
  }

  /** Not a number, as of all updaters without a rate. */
  @Override
  public double getLearningRate(int iteration, int epoch) {
    return Double.NaN;
  }

  @Override
  public boolean hasLearningRate() {
    return false;
  }

  /**
   * Refused.
   *
   * @throws UnsupportedOperationException always
   */
  @Override
  public void setLrAndSchedule(double lr, @Nullable ISchedule lrSchedule) {
    throw new UnsupportedOperationException(
        "a DeferredUpdater has no learning rate; the recipe of the NetworkOptimizer has");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof DeferredUpdater;
  }

  @Override
  public int hashCode() {
    return DeferredUpdater.class.hashCode();
  }

  @Override
  public String toString() {
    return "DeferredUpdater()";
  }

  /** Of the parameters that DL4J has put into one block. */
  static final class Deferred implements GradientUpdater<DeferredUpdater> {

    private final DeferredUpdater config;

    /** Who steps the parameters once this is done; null if nobody does. */
    @Nullable NetworkOptimizer steppedBy;

    Deferred(DeferredUpdater config) {
      this.config = config;
    }

    @Override
    public DeferredUpdater getConfig() {
      return config;
    }

    @Override
    public void setState(Map<String, INDArray> stateMap, boolean initialize) {}

    @Override
    public Map<String, INDArray> getState() {
      return Map.of();
    }

    @Override
    public void setStateViewArray(
        @Nullable INDArray viewArray,
        long[] gradientShape,
        char gradientOrder,
        boolean initialize) {}

    @Override
    public void applyUpdater(INDArray gradient, int iteration, int epoch) {
      if (steppedBy == null) {
        throw new IllegalStateException(
            "the network has a DeferredUpdater, and no NetworkOptimizer is attached to it; call attach() before fit, and again after clear(), init() and setLearningRate()");
      }
    }
  }
}
