package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.testkit.Sm3Contract;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The contract over ND4J's memory, by views with an offset. */
class Nd4jContractTest extends Sm3Contract {

  @Override
  protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
    return new Nd4jTraining(recipe, parameters, threads);
  }

  private static final class Nd4jTraining implements Training {
    private final Map<String, INDArray> arrays = new LinkedHashMap<>();
    private final ArrayOptimizer optimizer;

    Nd4jTraining(Sm3 recipe, Map<String, Initial> initials, int threads) {
      List<ArrayParameter> parameters = new ArrayList<>();
      initials.forEach((name, initial) -> {
        INDArray array = Arrays4j.view(initial.values, 'c', initial.shape.dimensions());
        arrays.put(name, array);
        parameters.add(new ArrayParameter(name, () -> array, initial.frozen));
      });
      optimizer = ArrayOptimizer.bind(recipe, parameters, threads);
    }

    @Override
    public void step(Map<String, float[]> gradients) {
      Map<String, INDArray> given = new HashMap<>();
      gradients.forEach((name, values) ->
          given.put(name, Arrays4j.view(values, 'c', requireNonNull(arrays.get(name)).shape())));
      optimizer.step(given);
    }

    @Override
    public float[] weights(String name) {
      return Arrays4j.values(requireNonNull(arrays.get(name)));
    }

    @Override
    public Optimizer optimizer() {
      return optimizer.core();
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
