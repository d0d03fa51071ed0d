package dev.mincover.lab.option;

import static dev.mincover.lab.optimizer.OptimizerKind.ADAFACTOR;
import static dev.mincover.lab.optimizer.OptimizerKind.ADAGRAD;
import static dev.mincover.lab.optimizer.OptimizerKind.ADAM;
import static dev.mincover.lab.optimizer.OptimizerKind.SM3;
import static dev.mincover.lab.optimizer.OptimizerKind.TORCH_FUSED_ADAGRAD;
import static dev.mincover.lab.optimizer.OptimizerKind.TORCH_FUSED_ADAM;
import static dev.mincover.lab.optimizer.OptimizerKind.TORCH_FUSED_SGD;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.CoreRecipes;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.lab.optimizer.OptimizerKind;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.optimizer.Schedules;
import dev.mincover.lab.task.TaskType;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/**
 * The options that choose and configure an optimizer. A field is null if its option is not given
 * and the difference matters: an option without effect is refused, never ignored.
 */
public final class OptimizerOptions {

  private static final String NO_PATTERN = "none";

  @Mixin private RuleOptions rule = new RuleOptions();

  @Mixin private RateOptions rate = new RateOptions();

  @Mixin private StepOptions step = new StepOptions();

  /** The default options, those of sm3. */
  public OptimizerOptions() {}

  /**
   * Returns the settings that the options choose, with defaults for options that are not given.
   * Numbers are not checked here; {@link CoreRecipes#of} checks them.
   *
   * @param weights type of the weights to train
   * @param task whose tuned rates are the defaults
   * @throws UserError if an option has no effect together with the others, or a name is unknown
   */
  public OptimizerSettings settings(WeightType weights, TaskType task) {
    OptimizerKind kind = Names.parse("--optimizer", rule.name, OptimizerKind.class);
    refuseUnlessFor(kind, "--algorithm", rule.algorithm, SM3);
    refuseUnlessFor(kind, "--cover", rule.cover, SM3);
    refuseUnlessFor(kind, "--momentum-kind", rule.momentumKind, SM3, ADAGRAD, ADAFACTOR);
    refuseUnlessFor(kind, "--momentum-format", rule.momentumFormat, SM3, ADAGRAD, ADAFACTOR);
    refuseUnlessFor(kind, "--beta2", rule.beta2, SM3, ADAM, TORCH_FUSED_ADAM);
    refuseUnlessFor(
        kind, "--epsilon", rule.epsilon, SM3, ADAGRAD, ADAM, TORCH_FUSED_ADAM, TORCH_FUSED_ADAGRAD);
    if (kind.isLibtorch()) {
      refuseWhatLibtorchLacks(kind, weights);
    }
    double momentum = orElse(rule.momentum, kind.momentum());
    boolean stored = momentum != 0 && !kind.isAdam();
    refuseUnless(momentum != 0, "--momentum-kind", rule.momentumKind, "a --momentum above 0");
    refuseUnless(momentum != 0, "--momentum-format", rule.momentumFormat, "a --momentum above 0");
    TaskType.Tuning tuning = task.tuning(kind);
    Double learningRate = rate.learningRate;
    if (learningRate == null && kind.learningRate() != null) {
      learningRate = tuning.learningRate();
    }
    refuseUnless(learningRate != null, "--schedule", rate.schedule, "a --learning-rate");
    double warmup = orElse(rate.warmup, tuning.warmup());
    refuseUnless(warmup != 0, "--warmup-power", rate.warmupPower, "a --warmup above 0");
    refuseUnless(step.weightDecay != 0, "--no-decay", step.noDecay, "a --weight-decay above 0");
    String format =
        stored ? name("--momentum-format", rule.momentumFormat, Momentum.Format.FLOAT32) : null;
    if (step.rounding.equals(CoreRecipes.STOCHASTIC)) {
      refuseUnless(
          weights != WeightType.FLOAT32 || Names.of(Momentum.Format.BFLOAT16).equals(format),
          "--rounding",
          step.rounding,
          "--weights of 16 bits or --momentum-format bfloat16");
    }
    return new OptimizerSettings(
        Names.of(kind),
        new OptimizerSettings.Rate(
            learningRate,
            learningRate == null ? null : orElse(rate.schedule, Schedules.CONSTANT),
            warmup,
            orElse(rate.warmupPower, 2.0),
            rate.cooldown,
            rate.multipliers == null ? List.of() : rate.multipliers),
        new OptimizerSettings.Rule(
            kind == SM3 ? name("--algorithm", rule.algorithm, Sm3.Algorithm.SM3_II) : null,
            kind == SM3 ? covers() : null,
            momentum,
            stored ? name("--momentum-kind", rule.momentumKind, momentumKind(kind)) : null,
            format,
            rule.beta2 == null ? kind.beta2() : rule.beta2,
            rule.epsilon == null ? kind.epsilon() : rule.epsilon),
        new OptimizerSettings.Decay(step.weightDecay, noDecay()),
        new OptimizerSettings.Gradients(
            finite(step.clipNorm),
            finite(step.clipValue),
            step.maximise,
            kind.isLibtorch()
                ? Names.of(Guard.UNCHECKED)
                : name("--guard", step.guard, Guard.REFUSE)),
        new OptimizerSettings.Weights(step.rounding, step.average));
  }

  /**
   * Refuses the options that libtorch's optimizers cannot follow: they step float32 weights by
   * their rule and do nothing else.
   */
  private void refuseWhatLibtorchLacks(OptimizerKind kind, WeightType weights) {
    if (kind == TORCH_FUSED_ADAGRAD) {
      refuseFor(kind, "--momentum", rule.momentum);
    }
    refuseFor(kind, "--weights", weights == WeightType.FLOAT32 ? null : Names.of(weights));
    refuseFor(kind, "--rate-multiplier", rate.multipliers);
    refuseFor(kind, "--weight-decay", step.weightDecay == 0 ? null : step.weightDecay);
    refuseFor(kind, "--clip", finite(step.clipNorm));
    refuseFor(kind, "--clip-value", finite(step.clipValue));
    refuseFor(kind, "--maximise", step.maximise ? "" : null);
    String guard = step.guard;
    boolean usual = guard.equals(Names.of(Guard.REFUSE)) || guard.equals(Names.of(Guard.UNCHECKED));
    refuseFor(kind, "--guard", usual ? null : guard);
    refuseFor(kind, "--rounding", step.rounding.equals(CoreRecipes.NEAREST) ? null : step.rounding);
    boolean average = !step.average.equals(OptimizerSettings.NO_AVERAGE);
    refuseFor(kind, "--average", average ? step.average : null);
  }

  private static void refuseFor(OptimizerKind kind, String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError(
          "%s is not for --optimizer %s; leave it out, or choose one without torch"
              .formatted((option + " " + shown(value)).strip(), Names.of(kind)));
    }
  }

  private static Momentum.Kind momentumKind(OptimizerKind kind) {
    return kind == TORCH_FUSED_SGD ? Momentum.Kind.HEAVY_BALL : Momentum.Kind.AVERAGE;
  }

  /** Returns the cover of all parameters, then the rules for some of them. */
  private List<String> covers() {
    List<String> given = rule.cover == null ? List.of() : rule.cover;
    List<String> all = given.stream().filter(text -> !NamePatterns.isRule(text)).toList();
    if (all.size() > 1) {
      throw new UserError(
          "--cover is given for all parameters twice, '%s' and '%s'; choose one, or give one as PATTERN=COVER"
              .formatted(all.get(0), all.get(1)));
    }
    List<String> covers = new ArrayList<>(all.isEmpty() ? List.of(OptimizerSettings.SLICES) : all);
    given.stream().filter(NamePatterns::isRule).forEach(covers::add);
    return covers;
  }

  private List<String> noDecay() {
    if (step.noDecay != null && step.noDecay.size() > 1 && step.noDecay.contains(NO_PATTERN)) {
      throw new UserError(
          "--no-decay is '%s'; %s stands alone"
              .formatted(String.join(" ", step.noDecay), NO_PATTERN));
    }
    if (step.weightDecay == 0 || List.of(NO_PATTERN).equals(step.noDecay)) {
      return List.of();
    }
    return step.noDecay == null ? Gpt.VECTORS : step.noDecay;
  }

  /** Returns the full name of the constant that the text names, or of the default. */
  private static <E extends Enum<E>> String name(
      String option, @Nullable String name, E otherwise) {
    return Names.of(
        name == null ? otherwise : Names.parse(option, name, otherwise.getDeclaringClass()));
  }

  /** Returns null for an infinite bound, which is no bound. */
  private static @Nullable Double finite(@Nullable Double bound) {
    return bound != null && bound == Double.POSITIVE_INFINITY ? null : bound;
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }

  private static void refuseUnlessFor(
      OptimizerKind kind, String option, @Nullable Object value, OptimizerKind... kinds) {
    if (value != null && !Arrays.asList(kinds).contains(kind)) {
      throw new UserError(
          "%s is for --optimizer %s; leave it out with %s"
              .formatted(
                  option,
                  Names.listed(Arrays.stream(kinds).map(Names::of).toList(), "or"),
                  Names.of(kind)));
    }
  }

  private static void refuseUnless(
      boolean effective, String option, @Nullable Object value, String remedy) {
    if (value != null && !effective) {
      throw new UserError(
          "%s %s has no effect without %s; add that, or leave %s out"
              .formatted(option, shown(value), remedy, option));
    }
  }

  private static String shown(Object value) {
    return value instanceof List<?> list
        ? String.join(" ", list.stream().map(String::valueOf).toList())
        : value.toString();
  }
}
