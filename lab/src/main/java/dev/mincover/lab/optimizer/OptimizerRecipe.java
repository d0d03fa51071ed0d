package dev.mincover.lab.optimizer;

import static java.util.Objects.requireNonNull;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.FusedAdagrad;
import dev.mincover.lab.libtorch.FusedAdam;
import dev.mincover.lab.libtorch.FusedSgd;
import dev.mincover.lab.libtorch.LibtorchOptimizer;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/** What settings describe, checked and ready to be bound to the weights of a model. */
public sealed interface OptimizerRecipe {

  /**
   * The recipe of a run.
   *
   * @param steps how many the run will have; settings give warm-up and the like as shares of them
   * @param seed of stochastic rounding
   * @throws UserError if a value is out of range, naming its option
   */
  static OptimizerRecipe of(OptimizerSettings settings, long steps, long seed) {
    OptimizerKind kind = Names.parse("--optimizer", settings.name(), OptimizerKind.class);
    return kind.isLibtorch()
        ? OfLibtorch.of(kind, settings, Schedules.of(settings.rate(), steps))
        : new OfCore(CoreRecipes.of(settings, steps, seed));
  }

  /** Whether it takes sparse gradients, in which rows may occur more than once. */
  boolean takesSparse();

  /**
   * Allocates the state.
   *
   * @param parameters the weights by name
   * @param threads how many may share a step
   * @throws IllegalArgumentException if the weights are not such as it can step
   */
  BoundOptimizer bind(Map<String, Tensor> parameters, int threads);

  /**
   * Of Mincover's core.
   *
   * @param recipe as core takes it
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
   * Of libtorch.
   *
   * @param schedule of the learning rate
   * @param constructor of the optimizer over weights
   */
  record OfLibtorch(Schedule schedule, Function<List<Tensor>, LibtorchOptimizer> constructor)
      implements OptimizerRecipe {

    private static OfLibtorch of(
        OptimizerKind kind, OptimizerSettings settings, Schedule schedule) {
      double momentum = settings.rule().momentum();
      if (!(momentum >= 0 && momentum < 1)) {
        throw new UserError(
            "--momentum is %s; it must be at least 0 and below 1, for example 0.9"
                .formatted(momentum));
      }
      Function<List<Tensor>, LibtorchOptimizer> constructor =
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

    /** The kernels divide by 0 where all gradients so far were 0 unless there is an epsilon. */
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
      List<Tensor> weights = List.copyOf(parameters.values());
      return new BoundLibtorchOptimizer(constructor.apply(weights), schedule, weights, threads);
    }
  }
}
