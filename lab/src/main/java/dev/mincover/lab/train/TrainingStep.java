package dev.mincover.lab.train;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Samples;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.statistics.GradientObserver;

/**
 * Takes training steps, one per call: a random batch, its gradient, and a step of the optimizer.
 */
public final class TrainingStep implements AutoCloseable {

  private final DataParallel model;
  private final BoundOptimizer optimizer;
  private final Samples samples;
  private final Batch batch;
  private GradientObserver observer = GradientObserver.NONE;
  private long tokens;
  private long nanos;
  private long optimizerNanos;

  /**
   * Prepares the steps.
   *
   * @param batch the buffers for all batches
   * @param threads that share the rows of a batch; gradients round differently with another number
   */
  public TrainingStep(
      Model model, BoundOptimizer optimizer, Samples samples, Batch batch, int threads) {
    this.model = new DataParallel(model, threads);
    this.optimizer = optimizer;
    this.samples = samples;
    this.batch = batch;
  }

  /** Lets an observer see the gradients of all later steps. Its time is not counted. */
  public void observeGradients(GradientObserver observer) {
    this.observer = observer;
  }

  /**
   * Takes a step. If the loss is not finite, the optimizer does not step.
   *
   * @return the mean training loss over the batch before the step, in nats per target
   */
  public float run() {
    long start = System.nanoTime();
    tokens += samples.fill(batch);
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

  /** Goes on where an earlier process was. */
  void resume(TrainingPosition position) {
    tokens = samples.skip(position.windows() / batch.size(), batch);
    nanos = position.nanos();
    optimizerNanos = position.optimizerNanos();
  }

  /** Where the training is after a step, which had this loss. */
  TrainingPosition position(long steps, float loss) {
    return new TrainingPosition(steps, steps * batch.size(), loss, nanos, optimizerNanos);
  }

  /** Tokens of all steps: the bytes, or the pictures, that the model has read. */
  public long tokens() {
    return tokens;
  }

  /** Seconds spent in all steps. */
  public double seconds() {
    return nanos * 1e-9;
  }

  /** The part of {@link #seconds} spent in the optimizer. */
  public double optimizerSeconds() {
    return optimizerNanos * 1e-9;
  }

  /**
   * Returns the mean loss over the first {@code rows} rows of a batch, in nats per target. Takes no
   * step.
   */
  float loss(Batch batch, int rows) {
    return model.loss(batch, rows);
  }

  /** Ends the threads. The caller closes the model and the optimizer. */
  @Override
  public void close() {
    model.close();
  }
}
