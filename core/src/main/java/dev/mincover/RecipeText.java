package dev.mincover;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A recipe in words, one entry per choice, as a checkpoint keeps it and compares it. */
final class RecipeText {

  /** The entry that names the rule. */
  static final String RULE = "rule";

  /** The entry that may always differ. */
  static final String LEARNING_RATE = "learning rate";

  /** The entry whose kind must not differ. */
  static final String MOMENTUM = "momentum";

  /** The entry of SM3's algorithm. */
  static final String ALGORITHM = "algorithm";

  /** The entry of SM3's covers. */
  static final String COVER = "cover";

  private static final String NONE = "none";

  private RecipeText() {}

  /** All choices, in an order that puts first what matters most. */
  static Map<String, String> of(Recipe recipe) {
    Map<String, String> text = new LinkedHashMap<>();
    switch (recipe) {
      case Sm3 sm3 -> {
        text.put(RULE, "sm3");
        text.put(ALGORITHM, sm3.algorithm() == Sm3.Algorithm.SM3_I ? "sm3-i" : "sm3-ii");
        text.put(COVER, byName(sm3.cover(), RecipeText::cover));
        text.put(MOMENTUM, momentum(sm3.momentum()));
        text.put("second moment", secondMoment(sm3.secondMoment()));
        text.put("epsilon", String.valueOf(sm3.epsilon()));
      }
      case Adam adam -> {
        text.put(RULE, "adam");
        text.put("beta1", String.valueOf(adam.beta1()));
        text.put("beta2", String.valueOf(adam.beta2()));
        text.put("epsilon", String.valueOf(adam.epsilon()));
      }
      case Adafactor adafactor -> {
        text.put(RULE, "adafactor");
        text.put(MOMENTUM, momentum(adafactor.momentum()));
        text.put("relative steps", String.valueOf(adafactor.relative()));
        text.put("decay exponent", String.valueOf(adafactor.decayExponent()));
        text.put("epsilon 1", String.valueOf(adafactor.epsilon1()));
        text.put("epsilon 2", String.valueOf(adafactor.epsilon2()));
        text.put("clipping threshold", String.valueOf(adafactor.clippingThreshold()));
      }
    }
    Options options = recipe.options();
    text.put(LEARNING_RATE, schedule(options.schedule()));
    text.put("learning-rate multiplier", byName(options.multiplier(), String::valueOf));
    text.put("weight decay", byName(options.weightDecay(), String::valueOf));
    text.put("clip value", String.valueOf(options.clipValue()));
    text.put("clip norm", String.valueOf(options.clipNorm()));
    text.put("maximise", String.valueOf(options.maximise()));
    text.put("guard", options.guard().name().toLowerCase(Locale.ROOT));
    text.put("rounding", rounding(options.rounding()));
    text.put("average", average(options.average()));
    return text;
  }

  /** The kind in the words of {@link #momentum(Momentum)}: their first. */
  static String kind(String momentum) {
    int space = momentum.indexOf(' ');
    return space < 0 ? momentum : momentum.substring(0, space);
  }

  static boolean isNone(String text) {
    return text.equals(NONE);
  }

  private static <T> String byName(ByName<T> choice, Function<T, String> text) {
    return text.apply(choice.otherwise())
        + choice.rules().stream()
            .map(rule -> "; " + rule.pattern() + ": " + text.apply(rule.value()))
            .collect(Collectors.joining());
  }

  private static String cover(Cover cover) {
    return switch (cover) {
      case Cover.Slices _ -> "slices";
      case Cover.Singletons _ -> "singletons";
      case Cover.Whole _ -> "whole";
      case Cover.Axes axes -> "axes " + axes.axes();
      case Cover.Sets sets -> {
        long[][] members = new long[sets.count()][];
        Arrays.setAll(members, sets::set);
        yield "%d sets %08x".formatted(sets.count(), Arrays.deepHashCode(members));
      }
    };
  }

  private static String momentum(Momentum momentum) {
    return momentum.isNone()
        ? NONE
        : "%s %s %s"
            .formatted(
                momentum.kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                momentum.beta(),
                momentum.format().name().toLowerCase(Locale.ROOT));
  }

  private static String secondMoment(SecondMoment secondMoment) {
    return secondMoment.beta() == 1 ? "sum" : "average " + secondMoment.beta();
  }

  private static String rounding(Rounding rounding) {
    return rounding.stochastic() ? "stochastic " + rounding.seed() : "nearest";
  }

  private static String average(Average average) {
    return switch (average) {
      case Average.None _ -> NONE;
      case Average.Polyak polyak -> "polyak " + polyak.decay();
      case Average.Tail tail -> "tail " + tail.start();
    };
  }

  /** For people: it may differ, and a schedule of the user's own has no words. */
  private static String schedule(Schedule schedule) {
    return switch (schedule) {
      case Schedule.Constant constant -> String.valueOf(constant.eta());
      case Schedule.Warmup warmup ->
          "%s, warm-up %d power %s"
              .formatted(schedule(warmup.schedule()), warmup.steps(), warmup.power());
      case Schedule.Cooldown cooldown ->
          "%s, cool-down %s of %d"
              .formatted(schedule(cooldown.schedule()), cooldown.fraction(), cooldown.totalSteps());
      case Schedule.InverseSqrt inverse ->
          "%s, inverse square root from %d"
              .formatted(schedule(inverse.schedule()), inverse.steps());
      case Schedule.Piecewise piecewise ->
          piecewise.pieces().entrySet().stream()
              .map(piece -> "from %d: %s".formatted(piece.getKey(), schedule(piece.getValue())))
              .collect(Collectors.joining("; "));
      default -> "custom";
    };
  }
}
