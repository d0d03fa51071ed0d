package dev.mincover.lab.optimizer;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.FusedAdagrad;
import dev.mincover.lab.libtorch.FusedAdam;
import dev.mincover.lab.libtorch.FusedOptimizer;
import dev.mincover.lab.libtorch.FusedSgd;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/** An optimizer whose settings are checked, ready to be bound to the weights of a model. */
public sealed interface OptimizerRecipe {

  /**
   * Returns the recipe that settings describe.
   *
   * @param steps number of steps of the run; settings give warm-up, cool-down and averages as
   *     shares of it
   * @param seed of stochastic rounding
   * @throws UserError if a value is out of range, naming its option
   */
  static OptimizerRecipe of(OptimizerSettings settings, long steps, long seed) {
    OptimizerKind kind = Names.parse("--optimizer", settings.name(), OptimizerKind.class);
    return kind.isLibtorch()
        ? OfLibtorch.of(kind, settings, Schedules.of(settings.rate(), steps))
        : new OfCore(CoreRecipes.of(settings, steps, seed));
  }

  /** Whether it accepts sparse gradients, in which rows may occur more than once. */
  boolean takesSparse();

  /**
   * Allocates the state and binds it to weights.
   *
   * @param parameters the weights by name
   * @param threads that share a step
   * @throws IllegalArgumentException if the optimizer cannot step such weights
   */
  BoundOptimizer bind(Map<String, Tensor> parameters, int threads);

  /**
   * An optimizer of Mincover's core.
   *
   * @param recipe as the core takes it
   */
  record OfCore(Recipe recipe) implements OptimizerRecipe {

    @Override
    public boolean takesSparse() {
      return recipe instanceof Sm3; // The others take dense gradients only.
    }

    @Override
    public BoundOptimizer bind(Map<String, Tensor> parameters, int threads) {
      return new BoundCoreOptimizer(recipe, parameters, threads);
    }
  }

  /**
   * An optimizer of libtorch.
   *
   * @param schedule of the learning rate
   * @param constructor makes the optimizer for a list of weights
   */
  record OfLibtorch(Schedule schedule, Function<List<Tensor>, FusedOptimizer> constructor)
      implements OptimizerRecipe {

    private static OfLibtorch of(
        OptimizerKind kind, OptimizerSettings settings, Schedule schedule) {
      double momentum = settings.rule().momentum();
      if (!(momentum >= 0 && momentum < 1)) {
        throw new UserError(
            "--momentum is %s; it must be at least 0 and below 1, for example 0.9"
                .formatted(momentum));
      }
      Function<List<Tensor>, FusedOptimizer> constructor =
          switch (kind) {
            case TORCH_FUSED_ADAM -> {
              double beta2 = requireNonNull(settings.rule().beta2());
              double epsilon = positive(settings);
              if (!(beta2 >= 0 && beta2 < 1)) {
                throw new UserError(
                    "--beta2 is %s; it must be at least 0 and below 1, for example 0.999"
                        .formatted(beta2));
              }
              yield weights -> new FusedAdam(weights, momentum, beta2, epsilon);
            }
            case TORCH_FUSED_ADAGRAD -> {
              double epsilon = positive(settings);
              yield weights -> new FusedAdagrad(weights, epsilon);
            }
            case TORCH_FUSED_SGD -> weights -> new FusedSgd(weights, momentum);
            case SM3, ADAGRAD, ADAM, ADAFACTOR ->
                throw new IllegalArgumentException(kind + " is core's");
          };
      return new OfLibtorch(schedule, constructor);
    }

    /**
     * Returns epsilon, which must be positive: without it, libtorch divides by 0 where all
     * gradients so far were 0.
     */
    private static double positive(OptimizerSettings settings) {
      double epsilon = requireNonNull(settings.rule().epsilon());
      if (!(epsilon > 0) || Double.isInfinite(epsilon)) {
        throw new UserError(
            "--epsilon is %s; it must be above 0 with %s, for example 1e-8"
                .formatted(epsilon, settings.name()));
      }
      return epsilon;
    }

    @Override
    public boolean takesSparse() {
      return false;
    }

    @Override
    public BoundOptimizer bind(Map<String, Tensor> parameters, int threads) {
      FusedOptimizer optimizer = constructor.apply(List.copyOf(parameters.values()));
      return new BoundLibtorchOptimizer(optimizer, schedule, parameters, threads);
    }
  }
}
