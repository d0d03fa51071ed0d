package dev.mincover.lab.optimizer;

import static java.util.Objects.requireNonNullElse;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.ByName.Rule;
import dev.mincover.recipe.Configurable;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.List;

/** Builds recipes of Mincover's core from settings. */
public final class CoreRecipes {

  public static final String NEAREST = "nearest";
  public static final String STOCHASTIC = "stochastic";

  private static final String POLYAK = "polyak:";
  private static final String TAIL = "tail:";

  private CoreRecipes() {}

  /**
   * Returns the recipe of a run.
   *
   * @param steps number of steps of the run; settings give warm-up, cool-down and averages as
   *     shares of it
   * @param seed of stochastic rounding
   * @throws UserError if a value is out of range, naming its option
   * @throws IllegalArgumentException if a value is out of range, naming its option
   */
  public static Recipe of(OptimizerSettings settings, long steps, long seed) {
    Schedule schedule = Schedules.of(settings.rate(), steps);
    return switch (Names.parse("--optimizer", settings.name(), OptimizerKind.class)) {
      case SM3 ->
          withOptions(sm3(Sm3.learningRate(schedule), settings.rule()), settings, steps, seed);
      case ADAGRAD -> {
        Sm3 adaGrad = Sm3.learningRate(schedule).cover(Cover.singletons());
        yield withOptions(sm3(adaGrad, settings.rule()), settings, steps, seed);
      }
      case ADAM -> withOptions(adam(schedule, settings.rule()), settings, steps, seed);
      case ADAFACTOR -> withOptions(adafactor(schedule, settings), settings, steps, seed);
      case TORCH_FUSED_ADAM, TORCH_FUSED_ADAGRAD, TORCH_FUSED_SGD ->
          throw new IllegalArgumentException(settings.name() + " is not core's");
    };
  }

  private static Sm3 sm3(Sm3 recipe, OptimizerSettings.Rule rule) {
    String algorithm = rule.algorithm();
    if (algorithm != null) {
      recipe = recipe.algorithm(Names.parse("--algorithm", algorithm, Sm3.Algorithm.class));
    }
    List<String> covers = rule.cover();
    if (covers != null) {
      var cover = CoverNames.of(covers);
      recipe = recipe.cover(cover.otherwise());
      for (Rule<Cover> each : cover.rules()) {
        recipe = recipe.cover(each.pattern(), each.value());
      }
    }
    double beta2 = requireNonNullElse(rule.beta2(), 1.0);
    double epsilon = requireNonNullElse(rule.epsilon(), 0.0);
    recipe = recipe.momentum(momentum(rule));
    recipe =
        OptionChecks.changed(
            "--beta2", recipe, sm3 -> sm3.secondMoment(SecondMoment.average(beta2)));
    return OptionChecks.changed("--epsilon", recipe, sm3 -> sm3.epsilon(epsilon));
  }

  private static Adam adam(Schedule schedule, OptimizerSettings.Rule rule) {
    Adam adam = Adam.learningRate(schedule);
    double beta2 = requireNonNullElse(rule.beta2(), adam.beta2());
    double epsilon = requireNonNullElse(rule.epsilon(), adam.epsilon());
    adam = OptionChecks.changed("--momentum", adam, a -> a.betas(rule.momentum(), a.beta2()));
    adam = OptionChecks.changed("--beta2", adam, a -> a.betas(a.beta1(), beta2));
    return OptionChecks.changed("--epsilon", adam, a -> a.epsilon(epsilon));
  }

  private static Adafactor adafactor(Schedule schedule, OptimizerSettings settings) {
    Adafactor adafactor =
        settings.rate().learningRate() == null
            ? Adafactor.relativeStep(schedule)
            : Adafactor.learningRate(schedule);
    return adafactor.momentum(momentum(settings.rule()));
  }

  private static Momentum momentum(OptimizerSettings.Rule rule) {
    Momentum momentum = OptionChecks.valid("--momentum", () -> Momentum.average(rule.momentum()));
    String kind = rule.momentumKind();
    String format = rule.momentumFormat();
    return new Momentum(
        kind == null ? momentum.kind() : Names.parse("--momentum-kind", kind, Momentum.Kind.class),
        momentum.beta(),
        format == null
            ? momentum.format()
            : Names.parse("--momentum-format", format, Momentum.Format.class));
  }

  private static <R extends Configurable<R>> R withOptions(
      R recipe, OptimizerSettings settings, long steps, long seed) {
    for (String text : settings.rate().rateMultipliers()) {
      Rule<String> rule = NamePatterns.rule("--rate-multiplier", text, "wte.weight=0.5");
      double factor = number("--rate-multiplier", text, rule.value());
      recipe =
          OptionChecks.changed(
              "--rate-multiplier", recipe, r -> r.rateMultiplier(rule.pattern(), factor));
    }
    OptimizerSettings.Decay decay = settings.decay();
    String[] noDecay = decay.noDecay().toArray(String[]::new);
    recipe =
        OptionChecks.changed(
            "--weight-decay", recipe, r -> r.weightDecay(decay.weightDecay(), noDecay));
    OptimizerSettings.Gradients gradients = settings.gradients();
    Double clipNorm = gradients.clipNorm();
    if (clipNorm != null) {
      recipe = OptionChecks.changed("--clip", recipe, r -> r.clipByGlobalNorm(clipNorm));
    }
    Double clipValue = gradients.clipValue();
    if (clipValue != null) {
      recipe = OptionChecks.changed("--clip-value", recipe, r -> r.clipByValue(clipValue));
    }
    if (gradients.maximise()) {
      recipe = recipe.maximise();
    }
    return recipe
        .guard(Names.parse("--guard", gradients.guard(), Guard.class))
        .rounding(rounding(settings.weights().rounding(), seed))
        .average(average(settings.weights().average(), steps));
  }

  private static Rounding rounding(String text, long seed) {
    return switch (text) {
      case NEAREST -> Rounding.nearest();
      case STOCHASTIC -> Rounding.stochastic(seed);
      default ->
          throw new UserError(
              "--rounding is '%s'; it must be %s or %s".formatted(text, NEAREST, STOCHASTIC));
    };
  }

  private static Average average(String text, long steps) {
    if (text.equals(OptimizerSettings.NO_AVERAGE)) {
      return Average.none();
    }
    if (text.startsWith(POLYAK)) {
      double decay = number("--average", text, text.substring(POLYAK.length()));
      return OptionChecks.valid("--average", () -> Average.polyak(decay));
    }
    if (text.startsWith(TAIL)) {
      double share = number("--average", text, text.substring(TAIL.length()));
      if (!(share > 0 && share <= 1)) {
        throw new UserError(
            "--average is '%s'; the tail's share must be above 0 and at most 1, for example %s0.1"
                .formatted(text, TAIL));
      }
      // A share of less than one step is the last step.
      return Average.tail(Math.min(steps, steps - Math.round(share * steps) + 1));
    }
    throw new UserError(
        "--average is '%s'; it must be %s, or such as %s0.999 or %s0.1"
            .formatted(text, OptimizerSettings.NO_AVERAGE, POLYAK, TAIL));
  }

  private static double number(String option, String text, String number) {
    try {
      return Double.parseDouble(number);
    } catch (NumberFormatException e) {
      throw new UserError("%s is '%s'; '%s' is not a number".formatted(option, text, number));
    }
  }
}
