package dev.mincover.lab.bench;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A model with an optimizer bound to each of its parts, all at the same time. SM3's state is small
 * enough to stay in memory even if weights and gradients are not. If the guard refuses the
 * gradients of a part, the parts before it have been stepped.
 */
final class SteppedModel implements AutoCloseable {

  private record Part(Optimizer optimizer, Map<String, Gradient> gradients) {}

  private final ModelMemory model;
  private final List<Part> parts = new ArrayList<>();

  SteppedModel(ModelMemory model, Sm3 recipe, int threads) {
    this.model = model;
    try {
      for (List<ModelMemory.Tensor> part : model.parts()) {
        Map<String, Gradient> gradients = new LinkedHashMap<>();
        part.forEach(tensor -> gradients.put(tensor.size().name(), tensor.gradient()));
        parts.add(
            new Part(
                Optimizer.bind(
                    recipe, part.stream().map(ModelMemory.Tensor::parameter).toList(), threads),
                gradients));
      }
    } catch (RuntimeException | Error failure) {
      close();
      throw failure;
    }
  }

  /** Steps all parts, and releases each before the next. */
  void step() {
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      part.optimizer.step(part.gradients);
      model.release(i);
    }
  }

  /** Bytes of state of all parts. */
  long stateBytes() {
    return parts.stream().mapToLong(part -> part.optimizer.stateBytes()).sum();
  }

  @Override
  public void close() {
    parts.forEach(part -> part.optimizer.close());
  }
}
