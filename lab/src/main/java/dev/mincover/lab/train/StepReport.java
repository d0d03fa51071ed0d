package dev.mincover.lab.train;

import org.jspecify.annotations.Nullable;

/**
 * The state of a training after a step.
 *
 * @param step number of the step, from 1
 * @param tokens trained on so far
 * @param seconds spent in training steps so far
 * @param loss of this step's batch before the step, in nats per token
 * @param validationLoss after the step, in nats per token; null if not measured
 * @param learningRate of this step
 * @param secondsLeft until the last step, at the speed so far
 */
public record StepReport(
    long step,
    long tokens,
    double seconds,
    float loss,
    @Nullable Float validationLoss,
    double learningRate,
    double secondsLeft) {

  /** Tokens trained on per second so far. */
  public double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }
}
