package dev.mincover.lab.inspect;

import dev.mincover.cover.Cover;
import dev.mincover.lab.optimizer.CoverNames;
import dev.mincover.lab.statistics.CoverSets;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.recipe.Sm3.Algorithm;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The covers that one parameter could have. The training recorded nu under slices and singletons,
 * so their tightness is exact. For other covers there is a lower bound on nu, derived from the
 * final sums s of AdaGrad:
 *
 * <pre>
 *   nu(i) >= min over the sets r that contain i of max over r of s(j)      [1]
 *   nu(i) >= nu(i) under slices, for a cover by some of the axes or the whole      [2]
 * </pre>
 *
 * <p>[1] No statistic is below its own sum, mu(r) is never below the largest statistic in r, and nu
 * after a step is the least mu. [2] By induction over the steps: each set is a union of slices, and
 * a maximum over more weights is no smaller.
 */
final class CandidateCovers {

  private final ParameterStatistics parameter;
  private final float[] slices;

  /**
   * Makes the candidates.
   *
   * @param algorithm whose statistics are used for slices
   */
  CandidateCovers(ParameterStatistics parameter, Algorithm algorithm) {
    this.parameter = parameter;
    slices = algorithm == Algorithm.SM3_I ? parameter.nuSm3I() : parameter.nuSm3II();
  }

  /** Returns all covers by axes, the whole and the singletons, in the order of their memory. */
  List<CandidateCover> all() {
    List<Cover> covers = new ArrayList<>(List.of(Cover.whole(), Cover.singletons()));
    int rank = parameter.shape().rank();
    if (rank >= 2) {
      covers.add(Cover.slices());
      for (int chosen = 1; chosen < (1 << rank) - 1; chosen++) {
        int bits = chosen;
        covers.add(
            Cover.axes(IntStream.range(0, rank).filter(axis -> (bits >> axis & 1) == 1).toArray()));
      }
    }
    return covers.stream()
        .map(this::of)
        .sorted(Comparator.comparingLong(CandidateCover::bytes))
        .toList();
  }

  /** Returns one cover, which must fit the parameter. */
  CandidateCover of(Cover cover) {
    Cover effective = effective(cover);
    CoverSets covering = CoverSets.of(cover, parameter.shape());
    boolean followed = effective instanceof Cover.Slices || effective instanceof Cover.Singletons;
    double tightness =
        parameter.tightness(followed ? followed(effective) : bound(effective, covering));
    return new CandidateCover(
        CoverNames.name(effective),
        covering.bytes(),
        Double.isNaN(tightness) ? null : (Double) tightness,
        !followed);
  }

  /**
   * Returns an equal cover under its usual name: below rank 2, slices and axes are the singletons;
   * all axes together are the slices.
   */
  private Cover effective(Cover cover) {
    int rank = parameter.shape().rank();
    return switch (cover) {
      case Cover.Slices _, Cover.Axes _ when rank < 2 -> Cover.singletons();
      case Cover.Axes axes when axes.axes().size() == rank -> Cover.slices();
      default -> cover;
    };
  }

  private float[] followed(Cover cover) {
    return cover instanceof Cover.Slices ? slices : parameter.adagrad();
  }

  private float[] bound(Cover cover, CoverSets covering) {
    float[] nu = covering.least(covering.largest(parameter.adagrad()));
    if (!(cover instanceof Cover.Sets)) {
      for (int i = 0; i < nu.length; i++) {
        nu[i] = Math.max(nu[i], slices[i]);
      }
    }
    return nu;
  }
}
