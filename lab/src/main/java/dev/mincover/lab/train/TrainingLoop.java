package dev.mincover.lab.train;

import dev.mincover.NonFiniteException;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Samples;
import dev.mincover.lab.data.Validation;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.statistics.GradientObserver;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The training loop: random batches, a step of the optimizer on each, and validation losses from
 * time to time. Only training steps count as training time.
 */
public final class TrainingLoop implements AutoCloseable {

  /**
   * How a training ended.
   *
   * @param steps number of steps taken
   * @param loss of the last step's batch, in nats per target; NaN without a step
   * @param validationLoss after the last step, in nats per target; NaN if the training was stopped
   *     before it was measured
   * @param refusal why the optimizer refused the next step; null if it did not
   */
  public record Outcome(
      long steps, float loss, float validationLoss, @Nullable NonFiniteException refusal) {
    /** The outcome before the first step. */
    public static final Outcome NONE = new Outcome(0, Float.NaN, Float.NaN, null);
  }

  private final TrainingStep step;
  private final BoundOptimizer optimizer;
  private final Batch batch;
  private final Validation validation;

  /** Steps taken, and the loss of the last one's batch. */
  private long steps;

  private float loss = Float.NaN;

  /**
   * Makes a loop for a model and the optimizer that is bound to it.
   *
   * @param batch the buffers for all batches, of training and validation
   * @param threads that share the rows of a batch; gradients round differently with another number
   */
  public TrainingLoop(
      Model model,
      BoundOptimizer optimizer,
      Samples samples,
      Batch batch,
      Validation validation,
      int threads) {
    this.step = new TrainingStep(model, optimizer, samples, batch, threads);
    this.optimizer = optimizer;
    this.batch = batch;
    this.validation = validation;
  }

  /** Lets an observer see the gradients of all later steps. */
  public void observeGradients(GradientObserver observer) {
    step.observeGradients(observer);
  }

  /**
   * Goes on where an earlier process was. Weights and optimizer must be as they were then, and no
   * step must have been taken.
   */
  public void resume(TrainingPosition position) {
    step.resume(position);
    steps = position.steps();
    loss = position.loss();
  }

  /** Where the training is: what to give {@link #resume} in another process. */
  public TrainingPosition position() {
    return step.position(steps, loss);
  }

  /**
   * Trains until the last step, a request to stop, a loss that is not finite, or gradients that the
   * optimizer refuses. A loss that is not finite is due to the weights as they are, so no step is
   * taken from its gradients.
   *
   * @param last number of the last step to take
   * @param evaluateEvery steps between evaluations; there is also one after the last step, but none
   *     after a stop
   * @param stop asked before every step
   * @param listener called after every step
   */
  public Outcome train(
      long last, long evaluateEvery, BooleanSupplier stop, Consumer<StepReport> listener) {
    while (steps < last) {
      if (stop.getAsBoolean()) {
        return new Outcome(steps, loss, Float.NaN, null);
      }
      double learningRate = optimizer.learningRate();
      try {
        loss = step.run();
      } catch (NonFiniteException refusal) {
        return new Outcome(steps, loss, Float.NaN, refusal);
      }
      steps++;
      boolean ends = steps == last || !Float.isFinite(loss);
      Float measured = ends || steps % evaluateEvery == 0 ? validationLoss() : null;
      listener.accept(report(last, measured, learningRate));
      if (ends && measured != null) {
        return new Outcome(steps, loss, measured, null);
      }
    }
    return new Outcome(steps, loss, validationLoss(), null);
  }

  private StepReport report(long last, @Nullable Float validationLoss, double learningRate) {
    double left = seconds() / steps * (last - steps);
    return new StepReport(steps, tokens(), seconds(), loss, validationLoss, learningRate, left);
  }

  /** Tokens of all training steps. */
  public long tokens() {
    return step.tokens();
  }

  /** Seconds spent in training steps. */
  public double seconds() {
    return step.seconds();
  }

  /** The part of {@link #seconds} spent in the optimizer. */
  public double optimizerSeconds() {
    return step.optimizerSeconds();
  }

  /** The number of steps that the optimizer has left out because a gradient was not finite. */
  public long skippedSteps() {
    return optimizer.skippedSteps();
  }

  /** Returns the mean loss of the final weights over all validation samples, in nats per target. */
  public float validationLoss() {
    double[] sum = {0};
    long[] counted = {0};
    optimizer.withFinalWeights(() -> {
      for (int first = 0; first < validation.count(); ) {
        int rows = validation.fill(first, batch);
        int targets = batch.countedTargets(0, rows);
        sum[0] += (double) step.loss(batch, rows) * targets;
        counted[0] += targets;
        first += rows;
      }
    });
    return (float) (sum[0] / counted[0]);
  }

  /** Ends the threads. The caller closes the model and the optimizer. */
  @Override
  public void close() {
    step.close();
  }
}
