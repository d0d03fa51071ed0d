package dev.mincover.lab.run;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.mincover.lab.common.AtomicFile;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * A training run in numbers, {@code summary.json}. It is there from the run's first step on and
 * written anew after each evaluation, so that a run that is killed leaves one. The file also holds
 * what follows from them: {@link #tokensPerSecond} and {@link #validationBitsPerByte}.
 *
 * @param optimizer every choice about it
 * @param finished false if the run was interrupted or goes on
 * @param steps taken, skipped ones included
 * @param skippedSteps of these, left out because a gradient was not finite
 * @param tokens bytes trained on: steps x batch x context
 * @param seconds of training steps, evaluation not included
 * @param optimizerSeconds of these, spent in the optimizer's steps
 * @param parameters trained weights
 * @param optimizerStateBytes what the optimizer allocated
 * @param adamStateBytes what Adam would allocate for the same weights
 * @param peakMemoryBytes the most memory that the process had at a time; null where nobody counts
 * @param validationLoss nats per byte after the last evaluation, which at the end of a run is of
 *     the saved weights; null if not measured or not finite
 * @param bigramBitsPerByte of a {@link dev.mincover.lab.data.BigramModel} on the validation text
 * @param seed of weights, batches and stochastic rounding
 * @param threads of the tensor engine and the optimizer
 * @param model the network's size
 * @param batch windows in a step
 * @param corpus what was learned from, in words
 * @param mincoverVersion version of this software
 * @param javaVersion version of the Java runtime
 */
@JsonPropertyOrder({
  "finished",
  "steps",
  "skippedSteps",
  "tokens",
  "seconds",
  "tokensPerSecond",
  "optimizerSeconds",
  "parameters",
  "optimizerStateBytes",
  "adamStateBytes",
  "peakMemoryBytes",
  "validationLoss",
  "validationBitsPerByte",
  "bigramBitsPerByte",
  "optimizer"
})
public record Summary(
    OptimizerSettings optimizer,
    boolean finished,
    long steps,
    long skippedSteps,
    long tokens,
    double seconds,
    double optimizerSeconds,
    long parameters,
    long optimizerStateBytes,
    long adamStateBytes,
    @Nullable Long peakMemoryBytes,
    @Nullable Double validationLoss,
    double bigramBitsPerByte,
    long seed,
    int threads,
    Model model,
    int batch,
    String corpus,
    String mincoverVersion,
    String javaVersion) {

  private static final JsonMapper JSON =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /** JSON has no word for a loss that is not finite, so that it becomes null. */
  public Summary {
    if (validationLoss != null && !Double.isFinite(validationLoss)) {
      validationLoss = null;
    }
  }

  /**
   * Size and type of the language model.
   *
   * @param layers blocks
   * @param width numbers per place
   * @param heads of attention in each block
   * @param context bytes seen at once
   * @param tied whether one matrix both embeds bytes and reads them out
   * @param weights their type, such as {@code float32}
   */
  public record Model(
      int layers, int width, int heads, int context, boolean tied, String weights) {}

  /** Tokens per second of the run; 0 if it took no time. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : 0;
  }

  /** The validation loss in bits: {@code validationLoss / ln 2}; null with it. */
  @JsonProperty(access = JsonProperty.Access.READ_ONLY)
  public @Nullable Double validationBitsPerByte() {
    return validationLoss == null ? null : validationLoss / Math.log(2);
  }

  /**
   * Writes the summary as JSON, replacing an older file at once when it is complete.
   *
   * @throws UserError if it cannot be written
   */
  public void write(Path file) {
    byte[] json = (JSON.writeValueAsString(this) + "\n").getBytes(UTF_8);
    AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(json)));
  }

  /**
   * Reads a summary back.
   *
   * @throws UserError if the file is missing, unreadable or not a summary
   */
  public static Summary read(Path file) {
    try {
      Summary summary = JSON.readValue(Files.readAllBytes(file), Summary.class);
      if (summary == null) {
        throw notASummary(file, "it is null");
      }
      return summary;
    } catch (IOException e) {
      throw new UserError("cannot read " + file, e);
    } catch (JacksonException e) {
      throw notASummary(file, e.getOriginalMessage());
    }
  }

  private static UserError notASummary(Path file, String why) {
    return new UserError("%s is not the summary of a run: %s".formatted(file, why));
  }
}
