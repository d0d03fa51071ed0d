package dev.mincover.testkit;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;

/** Core's own contract, on the heap and off it. */
class CoreContractTest {

  @Nested
  class OnArrays extends Sm3Contract {
    @Override
    protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
      return new CoreTraining(recipe, parameters, threads, MemorySegment::ofArray);
    }
  }

  @Nested
  class OnNativeMemory extends Sm3Contract {
    @Override
    protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
      Arena arena = Arena.ofAuto();
      return new CoreTraining(
          recipe,
          parameters,
          threads,
          values -> arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
    }
  }

  /** Where values are put. */
  private interface Place {
    MemorySegment put(float[] values);
  }

  private static final class CoreTraining implements Sm3Contract.Training {
    private final Place place;
    private final Map<String, MemorySegment> weights = new HashMap<>();
    private final Optimizer optimizer;

    CoreTraining(Sm3 recipe, Map<String, Sm3Contract.Initial> initials, int threads, Place place) {
      this.place = place;
      List<Parameter> parameters = new ArrayList<>();
      initials.forEach((name, initial) -> {
        MemorySegment segment = place.put(initial.values.clone());
        weights.put(name, segment);
        parameters.add(
            new Parameter(name, initial.shape, segment, DataType.FLOAT32, initial.frozen));
      });
      optimizer = Optimizer.bind(recipe, parameters, threads);
    }

    @Override
    public void step(Map<String, float[]> gradients) {
      Map<String, Gradient> placed = new HashMap<>();
      gradients.forEach((name, values) -> placed.put(name, Gradient.dense(place.put(values))));
      optimizer.step(placed);
    }

    @Override
    public float[] weights(String name) {
      return requireNonNull(weights.get(name)).toArray(ValueLayout.JAVA_FLOAT);
    }

    @Override
    public Optimizer optimizer() {
      return optimizer;
    }

    @Override
    public void close() {
      optimizer.close();
    }
  }
}
