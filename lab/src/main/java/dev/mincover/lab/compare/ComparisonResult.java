package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Summary;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What came out of a comparison, {@code comparison.json}.
 *
 * @param finished false if it was interrupted, or if a training failed
 * @param steps of every training
 * @param tokens bytes that every training was trained on
 * @param seeds of weights and batches
 * @param bigramBitsPerByte of a byte bigram on the validation text
 * @param optimizers in the order of the table
 * @param machine processor and JDK
 */
public record ComparisonResult(
    boolean finished,
    long steps,
    long tokens,
    List<Long> seeds,
    int threads,
    int batch,
    Summary.Model model,
    String corpus,
    double bigramBitsPerByte,
    List<Row> optimizers,
    String machine,
    String mincoverVersion,
    String javaVersion) {

  /**
   * A training.
   *
   * @param directory of the run, as {@code train} leaves it
   * @param finished whether it came to its last step
   * @param failure why not, in a line; null if it did, or was interrupted
   * @param validationLoss nats a byte; null if not known
   * @param seconds of training steps
   */
  public record Run(
      long seed,
      String directory,
      boolean finished,
      @Nullable String failure,
      long steps,
      @Nullable Double validationLoss,
      @Nullable Double validationBitsPerByte,
      double seconds,
      double optimizerSeconds,
      double tokensPerSecond,
      @Nullable Long peakMemoryBytes) {

    static Run of(Path directory, Summary summary, @Nullable String failure) {
      return new Run(
          summary.seed(),
          directory.toString(),
          summary.finished(),
          failure,
          summary.steps(),
          summary.validationLoss(),
          summary.validationBitsPerByte(),
          summary.seconds(),
          summary.optimizerSeconds(),
          summary.tokensPerSecond(),
          summary.peakMemoryBytes());
    }

    /** The bits per byte of a finished run. */
    private double bits() {
      return requireNonNull(validationBitsPerByte);
    }

    static Run failed(long seed, Path directory, String failure) {
      return new Run(seed, directory.toString(), false, failure, 0, null, null, 0, 0, 0, null);
    }
  }

  /**
   * An optimizer. Means and the like are over the runs that are finished, and null without one.
   *
   * @param optimizer its name on the command line
   * @param settings every choice about it
   * @param validationBitsPerByte mean
   * @param standardDeviation of bits per byte over the runs, with one less than them as divisor;
   *     null of fewer than two
   * @param perplexity e to the mean loss: among how many bytes, equally likely, it is as if the
   *     next were drawn
   * @param peakMemoryBytes largest of the processes
   * @param optimizerShare of the seconds of training steps, from 0 to 1
   */
  public record Row(
      String optimizer,
      OptimizerSettings settings,
      @Nullable Double validationLoss,
      @Nullable Double validationBitsPerByte,
      @Nullable Double standardDeviation,
      @Nullable Double perplexity,
      @Nullable Long optimizerStateBytes,
      @Nullable Double optimizerStateBytesPerWeight,
      @Nullable Long peakMemoryBytes,
      @Nullable Double tokensPerSecond,
      @Nullable Double optimizerShare,
      List<Run> runs) {

    /** Copies the runs. */
    public Row {
      runs = List.copyOf(runs);
    }

    /** Whether there is a finished run of each seed. */
    public boolean isFinished(int seeds) {
      return runs.stream().filter(Run::finished).count() == seeds;
    }

    /**
     * The row of an optimizer's runs.
     *
     * @param summaries of those that left one
     */
    static Row of(
        ComparedOptimizer optimizer,
        OptimizerSettings settings,
        List<Run> runs,
        List<Summary> summaries) {
      List<Run> done = runs.stream().filter(Run::finished).toList();
      double[] bits = done.stream().mapToDouble(Run::bits).toArray();
      double seconds = done.stream().mapToDouble(Run::seconds).sum();
      double tokens = done.stream().mapToDouble(run -> run.tokensPerSecond() * run.seconds()).sum();
      double stepping = done.stream().mapToDouble(Run::optimizerSeconds).sum();
      Double mean = mean(bits);
      Summary any = summaries.isEmpty() ? null : summaries.getFirst();
      return new Row(
          optimizer.name(),
          settings,
          mean == null ? null : mean * Math.log(2),
          mean,
          deviation(bits),
          mean == null ? null : Math.pow(2, mean),
          any == null ? null : any.optimizerStateBytes(),
          any == null ? null : (double) any.optimizerStateBytes() / any.parameters(),
          largest(done),
          done.isEmpty() ? null : tokens / seconds,
          done.isEmpty() ? null : stepping / seconds,
          runs);
    }
  }

  /** Copies the lists. */
  public ComparisonResult {
    seeds = List.copyOf(seeds);
    optimizers = List.copyOf(optimizers);
  }

  /** The directories of all runs that are there, for others to read. */
  @JsonIgnore
  public List<Path> directories() {
    return optimizers.stream()
        .flatMap(row -> row.runs().stream())
        .filter(run -> run.steps() > 0)
        .map(run -> Path.of(run.directory()))
        .toList();
  }

  /** Null of none. */
  private static @Nullable Double mean(double[] values) {
    return values.length == 0 ? null : Arrays.stream(values).sum() / values.length;
  }

  /** With one less than the values as divisor; null of fewer than two. */
  private static @Nullable Double deviation(double[] values) {
    Double mean = mean(values);
    if (mean == null || values.length < 2) {
      return null;
    }
    double squares = Arrays.stream(values).map(value -> (value - mean) * (value - mean)).sum();
    return Math.sqrt(squares / (values.length - 1));
  }

  private static @Nullable Long largest(List<Run> runs) {
    Long largest = null;
    for (Run run : runs) {
      Long peak = run.peakMemoryBytes();
      if (peak != null && (largest == null || peak > largest)) {
        largest = peak;
      }
    }
    return largest;
  }
}
