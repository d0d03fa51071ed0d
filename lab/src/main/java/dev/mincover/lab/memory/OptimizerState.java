package dev.mincover.lab.memory;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * The state of an optimizer. Of those that Mincover has, it is what binding them allocates; plain
 * SGD has none, and with momentum a float32 value a weight.
 *
 * @param name as in {@code mincover bench}
 * @param title in a table
 * @param ofTensor bytes of state of a tensor of some shape, scratch memory not counted; no cover
 *     here depends on a name
 */
public record OptimizerState(String name, String title, ToLongFunction<Shape> ofTensor) {

  /** What all others are compared with. */
  static final OptimizerState ADAM = of("adam", "Adam", Adam.learningRate(1));

  /** All there are, in the order of the table. */
  public static final List<OptimizerState> ALL = all();

  private static List<OptimizerState> all() {
    Sm3 sm3 = Sm3.learningRate(1);
    Momentum momentum = Momentum.average(0.9);
    Momentum half = momentum.stored(Momentum.Format.BFLOAT16);
    Momentum quarter = momentum.stored(Momentum.Format.INT8);
    Adafactor adafactor = Adafactor.relativeStep();
    return List.of(
        of("sm3", "SM3", sm3),
        of("sm3-momentum-int8", "SM3, int8 momentum", sm3.momentum(quarter)),
        of("sm3-momentum-bf16", "SM3, bfloat16 momentum", sm3.momentum(half)),
        of("sm3-momentum", "SM3, float32 momentum", sm3.momentum(momentum)),
        of("adafactor", "Adafactor", adafactor),
        of("adafactor-momentum", "Adafactor, momentum", adafactor.momentum(momentum)),
        of("adagrad", "AdaGrad", Sm3.adaGrad(1)),
        ADAM,
        new OptimizerState("sgd", "SGD", _ -> 0),
        new OptimizerState("sgd-momentum", "SGD, momentum", shape -> shape.size() * Float.BYTES));
  }

  private static OptimizerState of(String name, String title, Recipe recipe) {
    return new OptimizerState(name, title, shape -> Optimizer.stateBytes(recipe, "w", shape));
  }

  /**
   * Bytes of state of all tensors.
   *
   * @param tensors how many there are of each shape
   */
  long bytes(Map<Shape, Long> tensors) {
    return tensors.entrySet().stream()
        .mapToLong(entry -> entry.getValue() * ofTensor.applyAsLong(entry.getKey()))
        .sum();
  }
}
