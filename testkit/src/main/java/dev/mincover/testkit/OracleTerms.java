package dev.mincover.testkit;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Core's recipes in the oracle's terms, and the other way round. */
final class OracleTerms {

  private OracleTerms() {}

  /** What the oracle must compute for one parameter of a recipe. */
  static ReferenceSm3.Config config(Sm3 recipe, String name, int... shape) {
    return ReferenceSm3.Config.of(
            ReferenceSm3.Algorithm.valueOf(recipe.algorithm().name()),
            cover(recipe.cover().of(name), shape))
        .withMomentum(
            recipe.momentum().beta(),
            ReferenceSm3.MomentumKind.valueOf(recipe.momentum().kind().name()))
        .withSecondMoment(recipe.secondMoment().beta())
        .withEpsilon(recipe.epsilon())
        .withWeightDecay(recipe.options().weightDecay().of(name));
  }

  /** The sets of a cover, in the order in which core shows their accumulators. */
  static ReferenceCover cover(Cover cover, int... shape) {
    int size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    return switch (cover) {
      case Cover.Slices _ -> ReferenceCover.slices(shape);
      case Cover.Singletons _ -> ReferenceCover.singletons(size);
      case Cover.Whole _ -> ReferenceCover.whole(size);
      case Cover.Axes _ when shape.length < 2 -> ReferenceCover.singletons(size);
      case Cover.Axes axes -> {
        List<List<Integer>> slices = ReferenceCover.slices(shape).sets();
        List<List<Integer>> sets = new ArrayList<>();
        for (int axis : axes.axes()) {
          int first = Arrays.stream(shape, 0, axis).sum();
          sets.addAll(slices.subList(first, first + shape[axis]));
        }
        yield new ReferenceCover(size, sets);
      }
      case Cover.Sets sets -> {
        int[][] members = new int[sets.count()][];
        Arrays.setAll(
            members, r -> Arrays.stream(sets.set(r)).mapToInt(Math::toIntExact).toArray());
        yield ReferenceCover.of(size, members);
      }
    };
  }

  /** A cover by these very sets, in this order. */
  static Cover sets(ReferenceCover cover) {
    long[][] sets =
        cover.sets().stream()
            .map(set -> set.stream().mapToLong(Integer::longValue).toArray())
            .toArray(long[][]::new);
    return Cover.sets(sets);
  }

  /** The recipe that a recorded sequence calls for; a cover that has a name goes by it. */
  static Sm3 recipe(GoldenSequence sequence) {
    int[] shape = sequence.shape().stream().mapToInt(Integer::intValue).toArray();
    return recipe(sequence, named(sequence.config().cover(), shape));
  }

  /** The same with a cover that holds the same sets. */
  static Sm3 recipe(GoldenSequence sequence, Cover cover) {
    ReferenceSm3.Config config = sequence.config();
    return Sm3.learningRate(sequence.eta())
        .algorithm(Sm3.Algorithm.valueOf(config.algorithm().name()))
        .cover(cover)
        .momentum(
            new Momentum(
                Momentum.Kind.valueOf(config.momentumKind().name()),
                config.momentum(),
                Momentum.Format.FLOAT32))
        .secondMoment(new SecondMoment(config.secondMoment()))
        .epsilon(config.epsilon())
        .weightDecay(config.weightDecay());
  }

  private static Cover named(ReferenceCover cover, int... shape) {
    List<Cover> names = new ArrayList<>();
    names.addAll(List.of(Cover.slices(), Cover.singletons(), Cover.whole()));
    for (int axis = 0; axis < shape.length; axis++) {
      names.add(Cover.axes(axis));
    }
    return names.stream()
        .filter(name -> cover(name, shape).equals(cover))
        .findFirst()
        .orElseGet(() -> sets(cover));
  }
}
