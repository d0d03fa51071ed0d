package dev.mincover.torch;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.testkit.Sm3Contract;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The contract over libtorch's memory. */
class TorchContractTest extends Sm3Contract {

  @Override
  protected Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads) {
    return new TorchTraining(recipe, parameters, threads);
  }

  private static final class TorchTraining implements Training {
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final TorchOptimizer optimizer;

    TorchTraining(Sm3 recipe, Map<String, Initial> initials, int threads) {
      initials.forEach((name, initial) ->
          tensors.put(
              name,
              Tensors.of(initial.values, initial.shape.dimensions())
                  .set_requires_grad(!initial.frozen)));
      optimizer = TorchOptimizer.bind(recipe, new LinkedHashMap<>(tensors), threads);
    }

    @Override
    public void step(Map<String, float[]> gradients) {
      gradients.forEach((name, values) -> {
        Tensor tensor = requireNonNull(tensors.get(name));
        tensor.mutable_grad().put(Tensors.of(values, tensor.shape()));
      });
      optimizer.step();
      optimizer.zeroGradients();
    }

    @Override
    public float[] weights(String name) {
      return Tensors.values(requireNonNull(tensors.get(name)));
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
