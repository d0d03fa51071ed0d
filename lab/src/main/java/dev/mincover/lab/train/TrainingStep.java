package dev.mincover.lab.train;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.model.LanguageModel;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.statistics.GradientObserver;

/** One step of a training after another: a random batch, its gradient, and what learns from it. */
public final class TrainingStep implements AutoCloseable {

  private final DataParallel model;
  private final BoundOptimizer optimizer;
  private final Batches batches;
  private final Batch batch;
  private GradientObserver observer = GradientObserver.NONE;
  private long nanos;
  private long optimizerNanos;

  /**
   * Steps to come.
   *
   * @param batch the buffers for every batch
   * @param threads how many share the rows of a batch; gradients differ in rounding with it
   */
  public TrainingStep(
      LanguageModel model, BoundOptimizer optimizer, Batches batches, Batch batch, int threads) {
    this.model = new DataParallel(model, threads);
    this.optimizer = optimizer;
    this.batches = batches;
    this.batch = batch;
  }

  /** Has the gradients of the steps to come looked at, in time that is not counted. */
  public void observeGradients(GradientObserver observer) {
    this.observer = observer;
  }

  /**
   * Takes one, but for the optimizer's part in it if the loss is not finite.
   *
   * @return the mean loss over the batch before the step, in nats a token
   */
  public float run() {
    long start = System.nanoTime();
    batches.fill(batch);
    float loss = model.lossAndGradient(batch);
    long forwardAndBackward = System.nanoTime() - start;
    if (Float.isFinite(loss)) {
      observer.observe();
    }
    long observed = System.nanoTime();
    if (Float.isFinite(loss)) {
      optimizer.step();
    }
    optimizer.zeroGradients();
    long learning = System.nanoTime() - observed;
    optimizerNanos += learning;
    nanos += forwardAndBackward + learning;
    return loss;
  }

  /** Seconds that all steps took. */
  public double seconds() {
    return nanos * 1e-9;
  }

  /** Of {@link #seconds}, those that the optimizer took. */
  public double optimizerSeconds() {
    return optimizerNanos * 1e-9;
  }

  /** The mean loss over the first {@code rows} of a batch, in nats a token; no step is taken. */
  float loss(Batch batch, int rows) {
    return model.loss(batch, rows);
  }

  /** Ends the threads; the model and the optimizer are the caller's. */
  @Override
  public void close() {
    model.close();
  }
}
