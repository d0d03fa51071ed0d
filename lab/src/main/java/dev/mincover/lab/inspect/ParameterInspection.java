package dev.mincover.lab.inspect;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.mincover.cover.Cover;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the gradient statistics show about one parameter.
 *
 * @param name of the parameter
 * @param shape its dimensions
 * @param current the cover it has, or slices if the optimizer of the run has no covers
 * @param accumulatorBytes bytes of the second moment in the run; null if not recorded
 * @param rates the learning rates of its weights
 * @param alternatives the covers it could have
 */
public record ParameterInspection(
    String name,
    List<Long> shape,
    CandidateCover current,
    @Nullable Long accumulatorBytes,
    @JsonUnwrapped Rates rates,
    @JsonUnwrapped Alternatives alternatives) {

  /**
   * The learning rates of the weights after the last step; null if not known.
   *
   * @param smallestRate of a weight
   * @param largestRate of a weight
   */
  public record Rates(@Nullable Double smallestRate, @Nullable Double largestRate) {

    private static Rates of(@Nullable EffectiveRates rates) {
      return rates == null ? new Rates(null, null) : new Rates(rates.smallest(), rates.largest());
    }
  }

  /**
   * The covers that the parameter could have.
   *
   * @param slices the default cover
   * @param candidates all covers, those of the least memory first
   * @param advice the cover to take instead, whose tightness is exact; null if the current one is
   *     not loose
   */
  public record Alternatives(
      CandidateCover slices, List<CandidateCover> candidates, @Nullable CandidateCover advice) {

    /** Copies the list. */
    public Alternatives {
      candidates = List.copyOf(candidates);
    }
  }

  /** Copies the list. */
  public ParameterInspection {
    shape = List.copyOf(shape);
  }

  /**
   * Inspects one parameter.
   *
   * @param recipe that trained it; null if it is not one of Mincover's core
   * @param eta the schedule's highest rate; null if there is none
   * @param steps taken
   */
  static ParameterInspection of(
      ParameterStatistics parameter, @Nullable Recipe recipe, @Nullable Double eta, long steps) {
    Cover cover = Cover.slices();
    Algorithm algorithm = Algorithm.SM3_II;
    if (recipe instanceof Sm3 sm3) {
      cover = sm3.cover().of(parameter.name());
      algorithm = sm3.algorithm();
    }
    CandidateCovers candidates = new CandidateCovers(parameter, algorithm);
    CandidateCover current = candidates.of(cover);
    CandidateCover slices = candidates.of(Cover.slices());
    EffectiveRates rates =
        recipe == null || eta == null ? null : EffectiveRates.of(parameter, recipe, eta, steps);
    return new ParameterInspection(
        parameter.name(),
        Arrays.stream(parameter.shape().dimensions()).boxed().toList(),
        current,
        recipe instanceof Sm3 ? (Long) current.bytes() : bytes(parameter.optimizer()),
        Rates.of(rates),
        new Alternatives(
            slices, candidates.all(), current.isLoose() ? advice(slices, candidates) : null));
  }

  private static @Nullable Long bytes(float[][] accumulators) {
    return accumulators.length == 0
        ? null
        : (Long) Arrays.stream(accumulators).mapToLong(mu -> (long) mu.length * Float.BYTES).sum();
  }

  /**
   * Returns the cover to take instead. Covers by fewer axes than all are never tighter than slices,
   * and hardly cheaper.
   */
  private static CandidateCover advice(CandidateCover slices, CandidateCovers candidates) {
    return slices.isLoose() ? candidates.of(Cover.singletons()) : slices;
  }
}
