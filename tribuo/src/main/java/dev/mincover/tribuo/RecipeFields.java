package dev.mincover.tribuo;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;

/**
 * The parts of a recipe that a configuration of Tribuo has other words for: the schedule as
 * numbers, and the cover as a kind. 0 steps stand for what a schedule lacks.
 */
record RecipeFields(
    double learningRate,
    long warmupSteps,
    double warmupPower,
    long inverseSqrtSteps,
    long totalSteps,
    double cooldownFraction,
    Sm3Optimiser.CoverKind cover) {

  /**
   * Takes a recipe apart.
   *
   * @throws IllegalArgumentException if the recipe asks for what these fields, or Tribuo's
   *     optimisers, do not have
   */
  static RecipeFields of(Sm3 recipe) {
    require(
        recipe.algorithm() == Sm3.Algorithm.SM3_II,
        "algorithm is " + recipe.algorithm(),
        "use SM3_II");
    Momentum momentum = recipe.momentum();
    require(
        momentum.isNone() || momentum.format() == Momentum.Format.FLOAT32,
        "momentum is stored in " + momentum.format(),
        "leave the format out; momentum is kept in float64");
    check(recipe.options());

    Schedule rest = recipe.learningRate();
    long totalSteps = 0;
    double cooldownFraction = 0.1;
    if (rest instanceof Schedule.Cooldown cooldown) {
      totalSteps = cooldown.totalSteps();
      cooldownFraction = cooldown.fraction();
      rest = cooldown.schedule();
    }
    long inverseSqrtSteps = 0;
    if (rest instanceof Schedule.InverseSqrt inverse) {
      inverseSqrtSteps = inverse.steps();
      rest = inverse.schedule();
    }
    long warmupSteps = 0;
    double warmupPower = 2;
    if (rest instanceof Schedule.Warmup warmup) {
      warmupSteps = warmup.steps();
      warmupPower = warmup.power();
      rest = warmup.schedule();
    }
    if (!(rest instanceof Schedule.Constant constant)) {
      throw new IllegalArgumentException(
          "learning rate is %s, which a configuration of Tribuo cannot record; use a constant, then perhaps warmup, inverseSqrt and cooldown, in this order"
              .formatted(recipe.learningRate()));
    }
    return new RecipeFields(
        constant.eta(),
        warmupSteps,
        warmupPower,
        inverseSqrtSteps,
        totalSteps,
        cooldownFraction,
        cover(recipe.cover()));
  }

  private static Sm3Optimiser.CoverKind cover(ByName<Cover> cover) {
    require(
        cover.rules().isEmpty(),
        "a cover is given for '%s'"
            .formatted(cover.rules().isEmpty() ? "" : cover.rules().getFirst().pattern()),
        "use one cover for all; Tribuo's parameters have no names");
    return switch (cover.otherwise()) {
      case Cover.Slices _ -> Sm3Optimiser.CoverKind.SLICES;
      case Cover.Singletons _ -> Sm3Optimiser.CoverKind.SINGLETONS;
      default ->
          throw new IllegalArgumentException(
              "cover is %s; use Cover.slices() or Cover.singletons()".formatted(cover.otherwise()));
    };
  }

  /** Refuses what an optimiser of Tribuo has no means for, or what its users would not expect. */
  private static void check(Options options) {
    require(
        options.weightDecay().equals(ByName.always(0.0)),
        "weight decay is " + options.weightDecay(),
        "leave it out, or use Tribuo's AdaGradRDA or Pegasos to regularise");
    require(
        options.multiplier().equals(ByName.always(1.0)),
        "learning-rate multiplier is " + options.multiplier(),
        "leave it out; Tribuo's parameters have no names");
    require(
        options.clipValue() == Double.POSITIVE_INFINITY,
        "clip value is " + options.clipValue(),
        "leave it out; SM3 bounds the size of a step");
    require(
        options.clipNorm() == Double.POSITIVE_INFINITY,
        "clip norm is " + options.clipNorm(),
        "leave it out; SM3 bounds the size of a step");
    require(
        !options.maximise(),
        "maximise is true",
        "leave it out; Tribuo's objectives say whether they climb or descend");
    require(
        options.guard() == Guard.REFUSE,
        "guard is " + options.guard(),
        "use REFUSE: a gradient that is not finite ends the training");
    require(
        options.rounding().equals(Rounding.nearest()),
        "rounding is " + options.rounding(),
        "leave it out; weights are float64");
    require(
        options.average().equals(Average.none()),
        "average is " + options.average(),
        "wrap the optimiser in Tribuo's ParameterAveraging");
  }

  private static void require(boolean supported, String what, String remedy) {
    if (!supported) {
      throw new IllegalArgumentException(what + "; " + remedy);
    }
  }
}
