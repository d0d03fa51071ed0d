package dev.mincover.lab.compare;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Summary;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One optimizer of a comparison. Figures are over the finished runs, and null if there is none.
 * JSON holds the values of all groups in one flat object, in the order given here.
 *
 * @param optimizer its name on the command line
 * @param settings every choice about it
 * @param quality how well the models predict
 * @param memory bytes
 * @param speed of the training steps
 * @param runs one for each seed, in the order of the seeds
 */
public record ComparisonRow(
    String optimizer,
    OptimizerSettings settings,
    @JsonUnwrapped Quality quality,
    @JsonUnwrapped Memory memory,
    @JsonUnwrapped Speed speed,
    List<ComparedRun> runs) {

  /** Copies the runs. */
  public ComparisonRow {
    runs = List.copyOf(runs);
  }

  /**
   * How well the models predict.
   *
   * @param validationLoss mean, in nats per {@link dev.mincover.lab.run.TaskKind#unit}
   * @param validationBits mean
   * @param standardDeviation of the bits over the runs, with one less than their number as divisor;
   *     null for fewer than two
   * @param perplexity e to the mean loss: the number of equally likely choices among which the
   *     right one would be as hard to guess
   * @param score the task's figure, with its mean over the runs; null for none
   */
  public record Quality(
      @Nullable Double validationLoss,
      @Nullable Double validationBits,
      @Nullable Double standardDeviation,
      @Nullable Double perplexity,
      Summary.@Nullable Score score) {

    private static Quality of(List<ComparedRun> finished) {
      double[] bits = finished.stream().mapToDouble(ComparedRun::bits).toArray();
      if (bits.length == 0) {
        return new Quality(null, null, null, null, null);
      }
      double mean = Arrays.stream(bits).sum() / bits.length;
      return new Quality(
          mean * Math.log(2), mean, deviation(bits, mean), Math.pow(2, mean), score(finished));
    }

    private static Summary.@Nullable Score score(List<ComparedRun> finished) {
      List<Summary.Score> scores =
          finished.stream().map(run -> run.loss().score()).filter(Objects::nonNull).toList();
      if (scores.isEmpty()) {
        return null;
      }
      Summary.Score first = scores.getFirst();
      double mean = scores.stream().mapToDouble(Summary.Score::value).average().orElseThrow();
      return new Summary.Score(first.name(), mean, first.baseline(), first.of());
    }

    private static @Nullable Double deviation(double[] values, double mean) {
      if (values.length < 2) {
        return null;
      }
      double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
      return Math.sqrt(squares / (values.length - 1));
    }
  }

  /**
   * Memory of the optimizer and of the processes.
   *
   * @param optimizerStateBytes what the optimizer allocated
   * @param optimizerStateBytesPerWeight the same per weight
   * @param peakMemoryBytes the largest peak of the processes
   */
  public record Memory(
      @Nullable Long optimizerStateBytes,
      @Nullable Double optimizerStateBytesPerWeight,
      @Nullable Long peakMemoryBytes) {

    private static Memory of(List<ComparedRun> finished, List<Summary> summaries) {
      Long peak =
          finished.stream()
              .map(ComparedRun::peakMemoryBytes)
              .filter(Objects::nonNull)
              .max(Long::compare)
              .orElse(null);
      if (summaries.isEmpty()) {
        return new Memory(null, null, peak);
      }
      Summary.Memory any = summaries.getFirst().memory(); // All runs have the same state.
      return new Memory(
          any.optimizerStateBytes(), (double) any.optimizerStateBytes() / any.parameters(), peak);
    }
  }

  /**
   * Speed of the training steps.
   *
   * @param tokensPerSecond tokens trained on per second
   * @param optimizerShare share of the time spent in the optimizer, from 0 to 1
   */
  public record Speed(@Nullable Double tokensPerSecond, @Nullable Double optimizerShare) {

    private static Speed of(List<ComparedRun> finished) {
      if (finished.isEmpty()) {
        return new Speed(null, null);
      }
      List<ComparedRun.Time> times = finished.stream().map(ComparedRun::time).toList();
      double seconds = times.stream().mapToDouble(ComparedRun.Time::seconds).sum();
      double tokens =
          times.stream().mapToDouble(time -> time.tokensPerSecond() * time.seconds()).sum();
      double stepping = times.stream().mapToDouble(ComparedRun.Time::optimizerSeconds).sum();
      return new Speed(tokens / seconds, stepping / seconds);
    }
  }

  /**
   * The row of an optimizer's runs.
   *
   * @param summaries of those that left one
   */
  static ComparisonRow of(
      ComparedOptimizer optimizer,
      OptimizerSettings settings,
      List<ComparedRun> runs,
      List<Summary> summaries) {
    List<ComparedRun> finished = runs.stream().filter(ComparedRun::isFinished).toList();
    return new ComparisonRow(
        optimizer.name(),
        settings,
        Quality.of(finished),
        Memory.of(finished, summaries),
        Speed.of(finished),
        runs);
  }

  /** Whether there is a finished run of each seed. */
  boolean isFinished(int seeds) {
    return finishedRuns() == seeds;
  }

  /** The number of finished runs. */
  long finishedRuns() {
    return runs.stream().filter(ComparedRun::isFinished).count();
  }
}
