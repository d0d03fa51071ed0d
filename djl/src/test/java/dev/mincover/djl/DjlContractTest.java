package dev.mincover.djl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.util.Objects.requireNonNull;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.testkit.Sm3Contract;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/** The contract over the memory of DJL's arrays. */
class DjlContractTest extends Sm3Contract {

  @Override
  protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
    return new DjlTraining(recipe, parameters, threads);
  }

  private static final class DjlTraining implements Training {
    private final NDManager manager = NDManager.newBaseManager("PyTorch");
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final BlockOptimizer optimizer;

    DjlTraining(Sm3 recipe, Map<String, Initial> initials, int threads) {
      initials.forEach((name, initial) -> {
        NDArray array = manager.create(initial.values, new Shape(initial.shape.dimensions()));
        array.setRequiresGradient(!initial.frozen);
        Parameter parameter =
            Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
        parameter.setArray(array);
        if (initial.frozen) {
          parameter.freeze(true);
        } else {
          // Before the first backward pass, the engine makes zeros up whenever it is asked.
          try (GradientCollector collector = Engine.getEngine("PyTorch").newGradientCollector()) {
            collector.backward(array.mul(0).sum());
          }
        }
        parameters.put(name, parameter);
      });
      optimizer = BlockOptimizer.bind(recipe, parameters, threads);
    }

    @Override
    public void step(Map<String, float[]> gradients) {
      gradients.forEach((name, values) -> {
        try (NDArray gradient = array(name).getGradient()) {
          requireNonNull(ArrayMemory.of(gradient)).copyFrom(MemorySegment.ofArray(values));
        }
      });
      optimizer.step(gradients.keySet());
    }

    private NDArray array(String name) {
      return requireNonNull(parameters.get(name)).getArray();
    }

    @Override
    public float[] weights(String name) {
      return requireNonNull(ArrayMemory.of(array(name))).toArray(JAVA_FLOAT_UNALIGNED);
    }

    @Override
    public Optimizer optimizer() {
      return optimizer.core();
    }

    @Override
    public void close() {
      optimizer.close();
      manager.close();
    }
  }
}
