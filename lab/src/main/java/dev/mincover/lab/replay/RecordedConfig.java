package dev.mincover.lab.replay;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import java.util.List;

/** What a recorded optimizer computed, read as Mincover's recipe for the same. */
final class RecordedConfig {

  private static final List<String> KEYS =
      List.of(
          "learningRate",
          "momentum",
          "momentumKind",
          "beta2",
          "epsilon",
          "algorithm",
          "cover",
          "weightDecay",
          "compatibility");

  private RecordedConfig() {}

  /** The recipe; keys that are absent leave it as it is by default. */
  static Sm3 recipe(Field config) {
    // A key passed over in silence would be a comparison with another optimizer.
    config.requireKnownKeys(KEYS);
    Field eta = config.get("learningRate");
    if (eta.isAbsent()) {
      throw eta.problem(
          eta.path() + " is missing and has no default; give that of every step, for example 0.1");
    }
    Sm3 recipe = eta.checked(() -> Sm3.learningRate(eta.number()));
    recipe = recipe.momentum(momentum(config.get("momentum"), config.get("momentumKind")));
    recipe = recipe.secondMoment(secondMoment(config.get("beta2"), recipe.secondMoment()));
    recipe = epsilon(recipe, config.get("epsilon"));
    recipe = recipe.algorithm(algorithm(config.get("algorithm"), recipe.algorithm()));
    recipe = cover(recipe, config.get("cover"));
    return weightDecay(recipe, config.get("weightDecay"));
  }

  /** What the recorded optimizer computes besides; nothing unless the config says so. */
  static Compatibility compatibility(Field config, Sm3 recipe) {
    Field field = config.get("compatibility");
    if (field.isAbsent()) {
      return Compatibility.NONE;
    }
    if (!field.text().equals("keep-max")) {
      throw field.error("give \"keep-max\", or leave it out");
    }
    if (recipe.algorithm() == Sm3.Algorithm.SM3_I) {
      throw field.error("leave it out with SM3-I, whose sums keep their maximum anyway");
    }
    return Compatibility.KEEP_MAX;
  }

  private static Momentum momentum(Field beta, Field kind) {
    Momentum.Kind chosen = kind.isAbsent() ? Momentum.Kind.AVERAGE : momentumKind(kind);
    // Recorders write all keys, so a momentum of 0 or null may have a kind.
    if (!kind.isAbsent() && beta.node().isMissingNode()) {
      throw beta.problem(
          "%s is missing, without which %s has no meaning; give it, 0 for none"
              .formatted(beta.path(), kind.path()));
    }
    return beta.isAbsent()
        ? Momentum.none()
        : beta.checked(() -> new Momentum(chosen, beta.number(), Momentum.Format.FLOAT32));
  }

  private static Momentum.Kind momentumKind(Field kind) {
    return switch (kind.text()) {
      case "average" -> Momentum.Kind.AVERAGE;
      case "heavy-ball" -> Momentum.Kind.HEAVY_BALL;
      case "nesterov" -> Momentum.Kind.NESTEROV;
      default -> throw kind.error("give \"average\", \"heavy-ball\" or \"nesterov\"");
    };
  }

  private static SecondMoment secondMoment(Field beta, SecondMoment otherwise) {
    return beta.isAbsent() ? otherwise : beta.checked(() -> new SecondMoment(beta.number()));
  }

  private static Sm3 epsilon(Sm3 recipe, Field epsilon) {
    return epsilon.isAbsent() ? recipe : epsilon.checked(() -> recipe.epsilon(epsilon.number()));
  }

  private static Sm3.Algorithm algorithm(Field algorithm, Sm3.Algorithm otherwise) {
    if (algorithm.isAbsent()) {
      return otherwise;
    }
    return switch (algorithm.text()) {
      case "SM3-I" -> Sm3.Algorithm.SM3_I;
      case "SM3-II" -> Sm3.Algorithm.SM3_II;
      default -> throw algorithm.error("give \"SM3-I\" or \"SM3-II\"");
    };
  }

  private static Sm3 cover(Sm3 recipe, Field cover) {
    if (cover.isAbsent()) {
      return recipe;
    }
    if (cover.node().isArray()) {
      long[][] sets = cover.elements().stream().map(Field::indices).toArray(long[][]::new);
      return recipe.cover(cover.checked(() -> Cover.sets(sets)));
    }
    String remedy = "give \"slices\", \"singletons\", \"whole\", \"rows\" or an array of sets";
    if (!cover.node().isString()) {
      throw cover.error(remedy);
    }
    return recipe.cover(
        switch (cover.text()) {
          case "slices" -> Cover.slices();
          case "singletons" -> Cover.singletons();
          case "whole" -> Cover.whole();
          case "rows" -> Cover.axes(0);
          default -> throw cover.error(remedy);
        });
  }

  private static Sm3 weightDecay(Sm3 recipe, Field rate) {
    return rate.isAbsent() ? recipe : rate.checked(() -> recipe.weightDecay(rate.number()));
  }
}
