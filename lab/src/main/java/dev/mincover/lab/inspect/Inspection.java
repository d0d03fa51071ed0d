package dev.mincover.lab.inspect;

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
 * What the statistics of a run say of its parameters' covers, and of what to change.
 *
 * @param optimizer in words
 * @param hasCovers whether it is SM3 or AdaGrad; if not, covers are told of as if it were SM3-II
 *     with slices
 * @param steps whose gradients were recorded
 * @param learningRate the schedule's highest, which effective rates are told for; null if there is
 *     none
 * @param rates the formula of effective rates; null if they are not known
 * @param loose above which tightness a cover is called loose
 * @param notes on what the numbers do not say
 * @param parameters in the model's order
 */
public record Inspection(
    String optimizer,
    boolean hasCovers,
    long steps,
    @Nullable Double learningRate,
    @Nullable String rates,
    double loose,
    List<String> notes,
    List<ParameterInspection> parameters) {

  /** Copies the lists. */
  public Inspection {
    notes = List.copyOf(notes);
    parameters = List.copyOf(parameters);
  }

  /**
   * Looks at a run.
   *
   * @throws dev.mincover.lab.common.UserError if its optimizer cannot be made again, as when a file
   *     of sets is gone
   */
  public static Inspection of(Summary summary, GradientStatistics statistics) {
    OptimizerSettings settings = summary.optimizer();
    boolean ofCore = statistics.parameters().stream().anyMatch(p -> p.optimizer().length > 0);
    Recipe recipe =
        ofCore ? CoreRecipes.of(settings, Math.max(1, summary.steps()), summary.seed()) : null;
    return new Inspection(
        OptimizerDescription.of(settings),
        recipe instanceof Sm3,
        statistics.steps(),
        settings.learningRate(),
        recipe == null || settings.learningRate() == null ? null : EffectiveRates.formula(recipe),
        CandidateCover.LOOSE,
        notes(summary, statistics),
        statistics.parameters().stream()
            .map(
                p -> ParameterInspection.of(p, recipe, settings.learningRate(), statistics.steps()))
            .toList());
  }

  /**
   * What slices would save in all; null if they would save nothing, one of them would be loose, or
   * the run's own accumulators are not known.
   */
  public @Nullable Long bytesSavedBySlices() {
    long saved = 0;
    for (ParameterInspection parameter : parameters) {
      Long bytes = parameter.accumulatorBytes();
      CandidateCover slices = parameter.slices();
      if (bytes == null || slices.isLoose()) {
        return null;
      }
      saved += bytes - slices.bytes();
    }
    return saved > 0 ? (Long) saved : null;
  }

  /** The same with its parameters in another order. */
  public Inspection sorted(Comparator<ParameterInspection> order) {
    return new Inspection(
        optimizer,
        hasCovers,
        steps,
        learningRate,
        rates,
        loose,
        notes,
        parameters.stream().sorted(order).toList());
  }

  private static List<String> notes(Summary summary, GradientStatistics statistics) {
    List<String> notes = new ArrayList<>();
    OptimizerSettings settings = summary.optimizer();
    if (settings.clipNorm() != null || settings.clipValue() != null) {
      notes.add("Tightness is that of the gradients before clipping.");
    }
    Double beta2 = settings.beta2();
    if (settings.name().equals("sm3") && beta2 != null && beta2 < 1) {
      notes.add(
          "Tightness is that of sums of squares; this run kept averages, beta2 %s."
              .formatted(beta2));
    }
    long weights = statistics.parameters().stream().mapToLong(p -> p.shape().size()).sum();
    if (weights < summary.parameters()) {
      notes.add(
          "Statistics were recorded of %,d of the %,d weights."
              .formatted(weights, summary.parameters()));
    }
    return notes;
  }
}
