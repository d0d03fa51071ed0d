package dev.mincover.lab.bench;

import static dev.mincover.tensor.DataType.BFLOAT16;
import static dev.mincover.tensor.DataType.FLOAT32;

import dev.mincover.Optimizer;
import dev.mincover.lab.libtorch.FusedAdagrad;
import dev.mincover.lab.libtorch.FusedAdam;
import dev.mincover.lab.libtorch.FusedAdamW;
import dev.mincover.lab.libtorch.FusedOptimizer;
import dev.mincover.lab.libtorch.LibtorchOptimizer;
import dev.mincover.lab.libtorch.StockOptimizer;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * An optimizer that {@code mincover bench} can time.
 *
 * @param name on the command line and in reports
 * @param type of the weights and gradients it steps
 * @param minimalBytes bytes that an update must move per weight
 * @param movedBytes bytes that it moves in fact, roughly, for planning only
 * @param memory bytes that it allocates per weight, including intermediate results but not
 *     accumulators of slices
 * @param byDefault whether it is timed if no names are given
 * @param binding makes a stepper
 */
public record Contestant(
    String name,
    DataType type,
    int minimalBytes,
    int movedBytes,
    int memory,
    boolean byDefault,
    Binding binding) {

  /** The name of the plain SGD pass, with which all others are compared. */
  public static final String SGD_PASS = "sgd-pass";

  /** The name of SM3 without momentum and without the guard. */
  static final String SM3 = "sm3";

  /** The name of SM3 without momentum, with the default guard. */
  static final String SM3_GUARDED = "sm3-guarded";

  /**
   * The learning rate. It is so small that constant gradients hardly move a weight in thousands of
   * steps.
   */
  private static final double ETA = 1e-6;

  /** All optimizers, in the order of reports. */
  public static final List<Contestant> ALL = all();

  /** Binds an optimizer to the tensors that it steps. */
  @FunctionalInterface
  public interface Binding {
    /**
     * Makes the state.
     *
     * @param buffers with the optimizer's type; they must outlive the result
     * @param threads of this optimizer; libtorch's threads are set for the whole process
     */
    Stepper bind(Buffers buffers, int threads);
  }

  /**
   * Returns the optimizer with a name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Contestant of(String name) {
    return ALL.stream()
        .filter(contestant -> contestant.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no contestant is called " + name));
  }

  private static List<Contestant> all() {
    Sm3 guarded = Sm3.learningRate(ETA);
    Sm3 sm3 = guarded.guard(Guard.UNCHECKED); // libtorch's optimizers check nothing either.
    Momentum momentum = Momentum.average(0.9);
    Momentum half = momentum.stored(Momentum.Format.BFLOAT16);
    Momentum quarter = momentum.stored(Momentum.Format.INT8);
    Sm3 stochastic = sm3.rounding(Rounding.stochastic(1));
    return List.of(
        new Contestant(SGD_PASS, FLOAT32, 12, 12, 0, true, Contestant::sgdPass),
        mincover(SM3, FLOAT32, 12, 0, true, sm3),
        mincover(SM3_GUARDED, FLOAT32, 16, 0, true, guarded),
        mincover("sm3-momentum", FLOAT32, 20, 4, true, sm3.momentum(momentum)),
        mincover("sm3-momentum-bf16", FLOAT32, 16, 2, true, sm3.momentum(half)),
        mincover("sm3-momentum-int8", FLOAT32, 14, 2, true, sm3.momentum(quarter)),
        mincover("sm3-bf16", BFLOAT16, 6, 0, true, sm3),
        mincover("sm3-bf16-stochastic", BFLOAT16, 6, 0, false, stochastic),
        mincover("sm3-i", FLOAT32, 16, 0, false, sm3.algorithm(Sm3.Algorithm.SM3_I)),
        mincover("adagrad", FLOAT32, 20, 4, false, Sm3.adaGrad(ETA).guard(Guard.UNCHECKED)),
        mincover("adam", FLOAT32, 28, 8, false, Adam.learningRate(ETA).guard(Guard.UNCHECKED)),
        // It reads the gradient a third time, because it clips u by the size of u.
        mincover(
            "adafactor", FLOAT32, 20, 0, false, Adafactor.learningRate(ETA).guard(Guard.UNCHECKED)),
        libtorch("torch-fused-adam", 28, 28, 8, w -> held(new FusedAdam(w, 0.9, 0.999, 1e-8))),
        libtorch(
            "torch-fused-adamw", 28, 28, 8, w -> held(new FusedAdamW(w, 0.9, 0.999, 1e-8, 0.01))),
        libtorch("torch-fused-adagrad", 20, 20, 4, w -> held(new FusedAdagrad(w, 1e-10))),
        // In each step they allocate two tensors (Adam) or one (AdaGrad) as large as the weights.
        libtorch("torch-adam", 28, 100, 16, StockOptimizer::adam),
        libtorch("torch-adagrad", 20, 60, 8, StockOptimizer::adagrad));
  }

  private static Contestant mincover(
      String name, DataType type, int minimalBytes, int memory, boolean byDefault, Recipe recipe) {
    Binding binding = (buffers, threads) -> bound(recipe, buffers, threads);
    // Twice the minimum, because arithmetic may slow down a step of several passes.
    return new Contestant(name, type, minimalBytes, 2 * minimalBytes, memory, byDefault, binding);
  }

  private static Contestant libtorch(
      String name,
      int minimalBytes,
      int movedBytes,
      int memory,
      Function<List<Tensor>, LibtorchOptimizer> constructor) {
    Binding binding = (buffers, _) -> stepper(constructor.apply(buffers.tensors()));
    return new Contestant(name, FLOAT32, minimalBytes, movedBytes, memory, true, binding);
  }

  private static LibtorchOptimizer held(FusedOptimizer optimizer) {
    optimizer.holdGradients();
    return optimizer;
  }

  private static Stepper sgdPass(Buffers buffers, int threads) {
    SgdPass pass = new SgdPass(buffers.weights(), buffers.gradients(), threads);
    return new Stepper() {
      @Override
      public void step() {
        pass.step((float) ETA);
      }

      @Override
      public long stateBytes() {
        return 0;
      }

      @Override
      public void close() {
        pass.close();
      }
    };
  }

  private static Stepper bound(Recipe recipe, Buffers buffers, int threads) {
    Optimizer optimizer = Optimizer.bind(recipe, buffers.parameters(), threads);
    Map<String, Gradient> gradients = buffers.gradientsByName();
    return new Stepper() {
      @Override
      public void step() {
        optimizer.step(gradients);
      }

      @Override
      public long stateBytes() {
        return optimizer.stateBytes();
      }

      @Override
      public void close() {
        optimizer.close();
      }
    };
  }

  private static Stepper stepper(LibtorchOptimizer optimizer) {
    return new Stepper() {
      @Override
      public void step() {
        optimizer.step(ETA);
      }

      @Override
      public long stateBytes() {
        return optimizer.stateBytes();
      }

      @Override
      public void close() {
        optimizer.close();
      }
    };
  }

  /** Returns an upper estimate of the bytes it needs in addition to weights and gradients. */
  long memory(Workload workload) {
    return memory * workload.weights() + Float.BYTES * workload.slices();
  }
}
