package dev.mincover.lab.run;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A training run in numbers, {@code summary.json}. The file exists from the first step of the run
 * and is written anew after each evaluation, so that a run that is killed leaves one. It holds the
 * values of all groups in one flat object, in the order given here.
 *
 * @param course how far the run came, and how long it took
 * @param memory weights, and bytes for them
 * @param quality how well the model predicts
 * @param optimizer every choice about the optimizer
 * @param setup every other choice
 * @param platform what the run ran on
 */
public record Summary(
    @JsonUnwrapped Course course,
    @JsonUnwrapped Memory memory,
    @JsonUnwrapped Quality quality,
    OptimizerSettings optimizer,
    @JsonUnwrapped Setup setup,
    @JsonUnwrapped Platform platform) {

  /** Fields that older versions did not write. */
  private static final List<String> ADDED = List.of("processor", "cpuSwitches", "task", "scores");

  /**
   * How far the run came, and how long it took.
   *
   * @param finished false if the run was interrupted, or still goes on
   * @param steps steps taken, including skipped ones
   * @param skippedSteps steps left out because a gradient was not finite
   * @param tokens {@link TaskKind#tokens} trained on
   * @param seconds of training steps, without evaluation
   * @param optimizerSeconds the part of {@code seconds} spent in the optimizer
   */
  @JsonPropertyOrder({
    "finished",
    "steps",
    "skippedSteps",
    "tokens",
    "seconds",
    "tokensPerSecond",
    "optimizerSeconds"
  })
  public record Course(
      boolean finished,
      long steps,
      long skippedSteps,
      long tokens,
      double seconds,
      double optimizerSeconds) {

    /** Tokens per second; 0 if the run took no time. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public double tokensPerSecond() {
      return seconds > 0 ? tokens / seconds : 0;
    }
  }

  /**
   * Weights, and bytes for them.
   *
   * @param parameters number of trained weights
   * @param optimizerStateBytes what the optimizer allocated
   * @param adamStateBytes what Adam would allocate for the same weights
   * @param peakMemoryBytes the most memory the process had at any time; null where the system does
   *     not count it
   */
  public record Memory(
      long parameters,
      long optimizerStateBytes,
      long adamStateBytes,
      @Nullable Long peakMemoryBytes) {}

  /**
   * How well the model predicts.
   *
   * @param validationLoss nats per {@link TaskKind#unit} after the last evaluation, which at the
   *     end of a run is of the saved weights; null if not measured or not finite
   * @param baselineBits of the task's baseline on the same samples; older versions, which knew no
   *     task but lm, called it {@code bigramBitsPerByte}
   * @param scores of the saved weights, the one that people know the task by first; empty for lm,
   *     and for a run that is not finished
   */
  @JsonPropertyOrder({"validationLoss", "validationBits", "baselineBits", "scores"})
  public record Quality(
      @Nullable Double validationLoss,
      @JsonAlias("bigramBitsPerByte") double baselineBits,
      List<Score> scores) {

    /** JSON cannot express a loss that is not finite, so it becomes null. */
    public Quality {
      if (validationLoss != null && !Double.isFinite(validationLoss)) {
        validationLoss = null;
      }
      scores = scores == null ? List.of() : List.copyOf(scores); // Older files have none.
    }

    /** The figure that people know the task by; null for none. */
    @JsonIgnore
    public @Nullable Score score() {
      return scores.isEmpty() ? null : scores.getFirst();
    }

    /** The validation loss in bits: {@code validationLoss / ln 2}; null if the loss is null. */
    @JsonProperty(access = JsonProperty.Access.READ_ONLY)
    public @Nullable Double validationBits() {
      return validationLoss == null ? null : validationLoss / Math.log(2);
    }
  }

  /**
   * A figure that people know a task by.
   *
   * @param name such as {@code BLEU}; a share is in percent
   * @param value of the trained model; higher is better
   * @param baseline the value of a trivial model
   * @param of the trivial model, in words
   */
  public record Score(String name, double value, double baseline, String of) {}

  /**
   * Every choice about the run except those about the optimizer.
   *
   * @param task the name of a {@link TaskKind}; null in files of older versions, which knew lm
   *     alone
   * @param seed of weights, batches and stochastic rounding
   * @param threads of the tensor engine and the optimizer
   * @param model size and type of the network
   * @param batch samples per step
   * @param corpus a description of the data
   */
  public record Setup(
      @Nullable String task, long seed, int threads, Model model, int batch, String corpus) {

    /** Returns which task it is. */
    public TaskKind kind() {
      return TaskKind.named("task", task);
    }
  }

  /**
   * Size and type of the model. What a task's model does not have is null.
   *
   * @param layers number of blocks, of each half of a translator; of convolutions
   * @param width numbers per position; channels of the first convolution
   * @param heads attention heads per block
   * @param context bytes seen at once
   * @param tied whether one matrix both embeds bytes and reads them out
   * @param weights their type, such as {@code float32}
   */
  public record Model(
      int layers,
      int width,
      @Nullable Integer heads,
      @Nullable Integer context,
      @Nullable Boolean tied,
      String weights) {}

  /**
   * What the run ran on.
   *
   * @param mincoverVersion version of this software
   * @param javaVersion version of the Java runtime
   * @param processor the processor's model; null in files of older versions
   * @param cpuSwitches the environment variables that chose libtorch's code for the processor; null
   *     in files of older versions
   */
  public record Platform(
      String mincoverVersion,
      String javaVersion,
      @Nullable String processor,
      @Nullable SortedMap<String, String> cpuSwitches) {

    /** Copies the map. */
    public Platform {
      cpuSwitches =
          cpuSwitches == null
              ? null
              : Collections.unmodifiableSortedMap(new TreeMap<>(cpuSwitches));
    }
  }

  /**
   * Writes the summary as JSON, replacing an older file at once when it is complete.
   *
   * @throws UserError if it cannot be written
   */
  public void write(Path file) {
    JsonFile.write(this, file);
  }

  /**
   * Reads a summary back.
   *
   * @throws UserError if the file cannot be read, or is something else
   */
  public static Summary read(Path file) {
    return JsonFile.read(file, Summary.class, "the summary of a run", ADDED);
  }
}
