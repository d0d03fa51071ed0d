package dev.mincover.lab.optimizer;

import dev.mincover.lab.common.Figures;
import dev.mincover.lab.common.Names;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Describes an optimizer in a line: its name, its momentum, and every choice that differs from the
 * default.
 */
public final class OptimizerDescription {

  private OptimizerDescription() {}

  /**
   * Describes everything but the learning rate, such as {@code SM3-II, momentum 0.9 (int8), weight
   * decay 0.01}.
   */
  public static String of(OptimizerSettings settings) {
    OptimizerKind kind = Names.parse("optimizer", settings.name(), OptimizerKind.class);
    OptimizerSettings.Rule rule = settings.rule();
    OptimizerSettings.Gradients gradients = settings.gradients();
    String algorithm = rule.algorithm();
    List<String> parts = new ArrayList<>();
    parts.add(algorithm == null ? kind.title() : algorithm.toUpperCase(Locale.ROOT));
    List<String> cover = rule.cover();
    if (cover != null && !cover.equals(List.of(OptimizerSettings.SLICES))) {
      parts.add("cover " + String.join(" ", cover));
    }
    parts.add(momentum(rule));
    addUnless(parts, "beta2", rule.beta2(), kind.beta2());
    addUnless(parts, "epsilon", rule.epsilon(), kind.epsilon());
    addUnless(parts, "weight decay", settings.decay().weightDecay(), 0.0);
    addUnless(parts, "clipped to norm", gradients.clipNorm(), null);
    addUnless(parts, "clipped to values of", gradients.clipValue(), null);
    if (gradients.maximise()) {
      parts.add("maximising");
    }
    Guard guard = kind.isLibtorch() ? Guard.UNCHECKED : Guard.REFUSE;
    addUnless(parts, "guard", gradients.guard(), Names.of(guard));
    addUnless(parts, "rounding", settings.weights().rounding(), CoreRecipes.NEAREST);
    addUnless(parts, "average", settings.weights().average(), OptimizerSettings.NO_AVERAGE);
    return String.join(", ", parts);
  }

  /** Describes the learning rate, such as {@code learning rate 0.02, inverse-sqrt}. */
  public static String ofRate(OptimizerSettings settings) {
    OptimizerKind kind = Names.parse("optimizer", settings.name(), OptimizerKind.class);
    List<String> parts = new ArrayList<>();
    OptimizerSettings.Rate rate = settings.rate();
    Double eta = rate.learningRate();
    parts.add(eta == null ? "relative steps" : "learning rate " + Figures.plain(eta));
    addUnless(parts, "", rate.schedule(), Schedules.CONSTANT);
    addUnless(parts, "warm-up", rate.warmup(), kind.warmup());
    if (!rate.rateMultipliers().isEmpty()) {
      parts.add("times " + String.join(" ", rate.rateMultipliers()));
    }
    return String.join(", ", parts);
  }

  private static String momentum(OptimizerSettings.Rule rule) {
    if (rule.momentum() == 0) {
      return "no momentum";
    }
    List<String> how = new ArrayList<>();
    addUnless(how, "", rule.momentumKind(), Names.of(Momentum.Kind.AVERAGE));
    addUnless(how, "", rule.momentumFormat(), Names.of(Momentum.Format.FLOAT32));
    return "momentum "
        + rule.momentum()
        + (how.isEmpty() ? "" : " (" + String.join(", ", how) + ")");
  }

  private static void addUnless(
      List<String> parts, String what, @Nullable Object value, @Nullable Object usual) {
    if (value != null && !Objects.equals(value, usual)) {
      parts.add((what + " " + value).strip());
    }
  }
}
