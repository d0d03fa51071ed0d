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
 * An optimizer that can be timed.
 *
 * @param name on the command line and in reports
 * @param type of the weights and gradients it steps
 * @param minimalBytes bytes that one of its updates must move for a weight
 * @param movedBytes about what it really moves, for planning only
 * @param memory bytes a weight it allocates, intermediate results included but without accumulators
 *     of slices
 * @param byDefault whether it is timed unless told otherwise
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

  /** The unit of all others. */
  public static final String SGD_PASS = "sgd-pass";

  /** Without momentum and without the guard. */
  static final String SM3 = "sm3";

  /** Without momentum, and with the guard that a recipe has unless told otherwise. */
  static final String SM3_GUARDED = "sm3-guarded";

  /** Small enough that gradients which stay the same take no weight far in thousands of steps. */
  private static final double ETA = 1e-6;

  /** All there are, in the order of reports. */
  public static final List<Contestant> ALL = all();

  /** Binds an optimizer to the tensors it is to step. */
  @FunctionalInterface
  public interface Binding {
    /**
     * Makes the state.
     *
     * @param buffers of the contestant's type, which must outlive the result
     * @param threads of this optimizer; those of libtorch are set for the whole process
     */
    Stepper bind(Buffers buffers, int threads);
  }

  /**
   * The contestant of a name.
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
        // Of u, which is clipped by its own size, the gradient is read a third time.
        mincover(
            "adafactor", FLOAT32, 20, 0, false, Adafactor.learningRate(ETA).guard(Guard.UNCHECKED)),
        libtorch("torch-fused-adam", 28, 28, 8, w -> held(new FusedAdam(w, 0.9, 0.999, 1e-8))),
        libtorch(
            "torch-fused-adamw", 28, 28, 8, w -> held(new FusedAdamW(w, 0.9, 0.999, 1e-8, 0.01))),
        libtorch("torch-fused-adagrad", 20, 20, 4, w -> held(new FusedAdagrad(w, 1e-10))),
        // These make two and one more tensor as large as the weights in each step.
        libtorch("torch-adam", 28, 100, 16, StockOptimizer::adam),
        libtorch("torch-adagrad", 20, 60, 8, StockOptimizer::adagrad));
  }

  private static Contestant mincover(
      String name, DataType type, int minimalBytes, int memory, boolean byDefault, Recipe recipe) {
    Binding binding = (buffers, threads) -> bound(recipe, buffers, threads);
    // Twice: what is composed of several passes may be held up by arithmetic.
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

  /** Bytes it needs for itself beside weights and gradients, estimated from above. */
  long memory(Workload workload) {
    return memory * workload.weights() + Float.BYTES * workload.slices();
  }
}
