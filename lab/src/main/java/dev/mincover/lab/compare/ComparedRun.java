package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.run.Summary;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * One training of a comparison. JSON holds the values of all groups in one flat object, in the
 * order given here.
 *
 * @param seed of weights and batches
 * @param directory of the run, with the files that {@code train} writes
 * @param end how the training ended
 * @param loss of the validation samples
 * @param time what the training took
 * @param peakMemoryBytes of the process; null if not known
 */
public record ComparedRun(
    long seed,
    String directory,
    @JsonUnwrapped End end,
    @JsonUnwrapped Loss loss,
    @JsonUnwrapped Time time,
    @Nullable Long peakMemoryBytes) {

  /**
   * How a training ended.
   *
   * @param finished whether it reached its last step
   * @param failure why not, in a line; null if it did, or was interrupted
   * @param steps taken
   */
  public record End(boolean finished, @Nullable String failure, long steps) {}

  /**
   * How well the model does on the validation samples.
   *
   * @param validationLoss nats per {@link dev.mincover.lab.run.TaskKind#unit}; null if not known
   * @param validationBits the same in bits
   * @param score the task's figure; null for none
   */
  public record Loss(
      @Nullable Double validationLoss,
      @Nullable Double validationBits,
      Summary.@Nullable Score score) {}

  /**
   * What a training took.
   *
   * @param seconds of training steps
   * @param optimizerSeconds the part of these spent in the optimizer
   * @param tokensPerSecond tokens trained on per second of training steps
   */
  public record Time(double seconds, double optimizerSeconds, double tokensPerSecond) {}

  static ComparedRun of(Path directory, Summary summary, @Nullable String failure) {
    Summary.Course course = summary.course();
    return new ComparedRun(
        summary.setup().seed(),
        directory.toString(),
        new End(course.finished(), failure, course.steps()),
        new Loss(
            summary.quality().validationLoss(),
            summary.quality().validationBits(),
            summary.quality().score()),
        new Time(course.seconds(), course.optimizerSeconds(), course.tokensPerSecond()),
        summary.memory().peakMemoryBytes());
  }

  /** A training that failed before it left a summary. */
  static ComparedRun failed(long seed, Path directory, String failure) {
    return new ComparedRun(
        seed,
        directory.toString(),
        new End(false, failure, 0),
        new Loss(null, null, null),
        new Time(0, 0, 0),
        null);
  }

  /** Whether the training reached its last step. */
  boolean isFinished() {
    return end.finished();
  }

  /** The validation loss of a finished training, in bits. */
  double bits() {
    return requireNonNull(loss.validationBits());
  }
}
