package dev.mincover.lab.optimizer;

import dev.mincover.lab.common.Names;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An optimizer in a line: its name, its momentum, and all that is not as it is by default. */
public final class OptimizerDescription {

  private OptimizerDescription() {}

  /** Such as {@code SM3-II, momentum 0.9 (int8), weight decay 0.01}. */
  public static String of(OptimizerSettings settings) {
    OptimizerKind kind = Names.parse("optimizer", settings.name(), OptimizerKind.class);
    String algorithm = settings.algorithm();
    List<String> parts = new ArrayList<>();
    parts.add(algorithm == null ? kind.title() : algorithm.toUpperCase(Locale.ROOT));
    List<String> cover = settings.cover();
    if (cover != null && !cover.equals(List.of(OptimizerSettings.SLICES))) {
      parts.add("cover " + String.join(" ", cover));
    }
    parts.add(momentum(settings));
    addUnless(parts, "beta2", settings.beta2(), kind.beta2());
    addUnless(parts, "epsilon", settings.epsilon(), kind.epsilon());
    addUnless(parts, "weight decay", settings.weightDecay(), 0.0);
    addUnless(parts, "clipped to norm", settings.clipNorm(), null);
    addUnless(parts, "clipped to values of", settings.clipValue(), null);
    if (settings.maximise()) {
      parts.add("maximising");
    }
    Guard guard = kind.isLibtorch() ? Guard.UNCHECKED : Guard.REFUSE;
    addUnless(parts, "guard", settings.guard(), Names.of(guard));
    addUnless(parts, "rounding", settings.rounding(), CoreRecipes.NEAREST);
    addUnless(parts, "average", settings.average(), OptimizerSettings.NO_AVERAGE);
    return String.join(", ", parts);
  }

  /** Such as {@code learning rate 0.02, inverse-sqrt}. */
  public static String ofRate(OptimizerSettings settings) {
    OptimizerKind kind = Names.parse("optimizer", settings.name(), OptimizerKind.class);
    List<String> parts = new ArrayList<>();
    Double rate = settings.learningRate();
    parts.add(rate == null ? "relative steps" : "learning rate " + rate);
    addUnless(parts, "", settings.schedule(), Schedules.CONSTANT);
    addUnless(parts, "warm-up", settings.warmup(), kind.warmup());
    if (!settings.rateMultipliers().isEmpty()) {
      parts.add("times " + String.join(" ", settings.rateMultipliers()));
    }
    return String.join(", ", parts);
  }

  private static String momentum(OptimizerSettings settings) {
    if (settings.momentum() == 0) {
      return "no momentum";
    }
    List<String> how = new ArrayList<>();
    addUnless(how, "", settings.momentumKind(), Names.of(Momentum.Kind.AVERAGE));
    addUnless(how, "", settings.momentumFormat(), Names.of(Momentum.Format.FLOAT32));
    return "momentum "
        + settings.momentum()
        + (how.isEmpty() ? "" : " (" + String.join(", ", how) + ")");
  }

  private static void addUnless(
      List<String> parts, String what, @Nullable Object value, @Nullable Object usual) {
    if (value != null && !Objects.equals(value, usual)) {
      parts.add((what + " " + value).strip());
    }
  }
}
