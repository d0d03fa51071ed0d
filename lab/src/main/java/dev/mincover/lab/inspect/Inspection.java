package dev.mincover.lab.inspect;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.mincover.lab.optimizer.CoreRecipes;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the gradient statistics of a run show about the covers of its parameters.
 *
 * @param optimizer a description
 * @param hasCovers whether the optimizer is SM3 or AdaGrad; if not, the covers are those of SM3-II
 *     with slices
 * @param steps number of steps whose gradients were recorded
 * @param learningRate the highest of the schedule, which the effective rates refer to; null if
 *     there is none
 * @param rates the formula of effective rates; null if they are not known
 * @param notes what the numbers do not show
 * @param parameters in the model's order
 */
@JsonPropertyOrder({
  "optimizer",
  "hasCovers",
  "steps",
  "learningRate",
  "rates",
  "loose",
  "notes",
  "parameters"
})
public record Inspection(
    String optimizer,
    boolean hasCovers,
    long steps,
    @Nullable Double learningRate,
    @Nullable String rates,
    List<String> notes,
    List<ParameterInspection> parameters) {

  /** Copies the lists. */
  public Inspection {
    notes = List.copyOf(notes);
    parameters = List.copyOf(parameters);
  }

  /**
   * Inspects a run.
   *
   * @throws dev.mincover.lab.common.UserError if its optimizer cannot be rebuilt, for example
   *     because a file of sets is gone
   */
  public static Inspection of(Summary summary, GradientStatistics statistics) {
    OptimizerSettings settings = summary.optimizer();
    boolean ofCore = statistics.parameters().stream().anyMatch(p -> p.optimizer().length > 0);
    Recipe recipe =
        ofCore
            ? CoreRecipes.of(
                settings, Math.max(1, summary.course().steps()), summary.setup().seed())
            : null;
    return new Inspection(
        OptimizerDescription.of(settings),
        recipe instanceof Sm3,
        statistics.steps(),
        settings.rate().learningRate(),
        recipe == null || settings.rate().learningRate() == null
            ? null
            : EffectiveRates.formula(recipe),
        notes(summary, statistics),
        statistics.parameters().stream()
            .map(p ->
                ParameterInspection.of(
                    p, recipe, settings.rate().learningRate(), statistics.steps()))
            .toList());
  }

  /** The tightness above which a cover is called loose. */
  @JsonProperty
  public double loose() {
    return CandidateCover.LOOSE;
  }

  /**
   * Returns the bytes that slices would save; null if they would save nothing, if one of them would
   * be loose, or if the run's own accumulators are not known.
   */
  public @Nullable Long bytesSavedBySlices() {
    long saved = 0;
    for (ParameterInspection parameter : parameters) {
      Long bytes = parameter.accumulatorBytes();
      CandidateCover slices = parameter.alternatives().slices();
      if (bytes == null || slices.isLoose()) {
        return null;
      }
      saved += bytes - slices.bytes();
    }
    return saved > 0 ? (Long) saved : null;
  }

  /** Returns the same inspection with its parameters in another order. */
  public Inspection sorted(Comparator<ParameterInspection> order) {
    return new Inspection(
        optimizer,
        hasCovers,
        steps,
        learningRate,
        rates,
        notes,
        parameters.stream().sorted(order).toList());
  }

  private static List<String> notes(Summary summary, GradientStatistics statistics) {
    List<String> notes = new ArrayList<>();
    OptimizerSettings settings = summary.optimizer();
    if (settings.gradients().clipNorm() != null || settings.gradients().clipValue() != null) {
      notes.add("Tightness is that of the gradients before clipping.");
    }
    Double beta2 = settings.rule().beta2();
    if (settings.name().equals("sm3") && beta2 != null && beta2 < 1) {
      notes.add(
          "Tightness is that of sums of squares; this run kept averages, beta2 %s."
              .formatted(beta2));
    }
    long weights = statistics.parameters().stream().mapToLong(p -> p.shape().size()).sum();
    if (weights < summary.memory().parameters()) {
      notes.add(
          "Statistics were recorded of %,d of the %,d weights."
              .formatted(weights, summary.memory().parameters()));
    }
    return notes;
  }
}
