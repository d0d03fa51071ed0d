package dev.mincover.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.mincover.Optimizer;
import dev.mincover.Progress;
import dev.mincover.RecipeChanges;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Checkpoints of what the engine's operators step: weights and state are copied to an {@link
 * Optimizer} in host memory, which saves and loads them in the format of all others.
 */
final class EngineCheckpoint implements AutoCloseable {

  private final Arena arena;
  private final Optimizer copy;
  private final Map<String, NDArray> arrays = new LinkedHashMap<>();
  private final Map<String, EngineSm3> steppers;

  /**
   * Allocates the copy.
   *
   * @param weights by name, frozen ones included
   * @param steppers of those that learn, by name
   */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close.
  EngineCheckpoint(Recipe recipe, Map<String, NDArray> weights, Map<String, EngineSm3> steppers) {
    this.steppers = steppers;
    arena = Arena.ofShared();
    try {
      List<Parameter> copies = new ArrayList<>();
      weights.forEach((name, array) -> {
        if (bytes(array) > Integer.MAX_VALUE) {
          throw new IllegalStateException(
              "parameter '%s' on %s has more than 2 GiB, which cannot be copied to be saved"
                  .formatted(name, array.getDevice()));
        }
        arrays.put(name, array);
        MemorySegment memory = arena.allocate(bytes(array), Long.BYTES);
        copies.add(
            new Parameter(
                name,
                BlockParameter.shape(array),
                memory,
                requireNonNull(BlockParameter.type(array)),
                !steppers.containsKey(name)));
      });
      steppers.forEach((name, stepper) ->
          stepper
              .state()
              .forEach((part, array) -> arrays.put("optimizer/" + name + "/" + part, array)));
      copy = Optimizer.bind(recipe, copies, 1);
    } catch (RuntimeException | Error failure) {
      arena.close();
      throw failure;
    }
  }

  private static long bytes(NDArray array) {
    return array.size() * array.getDataType().getNumOfBytes();
  }

  void save(Path file, Map<String, String> metadata) throws IOException {
    long most = 0;
    Map<String, Long> steps = new LinkedHashMap<>();
    for (Map.Entry<String, EngineSm3> each : steppers.entrySet()) {
      steps.put(each.getKey(), each.getValue().steps());
      most = Math.max(most, each.getValue().steps());
    }
    for (NamedTensor tensor : copy.state()) {
      NDArray array = requireNonNull(arrays.get(tensor.name()));
      if (array.size() > 0) {
        tensor.elements().copyFrom(MemorySegment.ofBuffer(array.toByteBuffer(false)));
      }
    }
    copy.resume(new Progress(most, 0, steps));
    copy.save(file, metadata);
  }

  Map<String, String> load(Path file, RecipeChanges changes) throws IOException {
    Map<String, String> metadata = copy.load(file, changes);
    for (NamedTensor tensor : copy.state()) {
      NDArray array = requireNonNull(arrays.get(tensor.name()));
      if (array.size() > 0) {
        overwrite(array, tensor.elements());
      }
    }
    Map<String, Long> steps = copy.progress().stepsByParameter();
    steppers.forEach((name, stepper) -> stepper.restoreSteps(requireNonNull(steps.get(name))));
    return metadata;
  }

  /** Overwrites the array's own memory, which the engine's {@code set} would replace. */
  private static void overwrite(NDArray array, MemorySegment elements) {
    try (NDManager manager = array.getManager().newSubManager(array.getDevice())) {
      NDArray values =
          manager.create(elements.asByteBuffer(), array.getShape(), array.getDataType());
      NDArray alias = array.stopGradient();
      alias.attach(manager);
      if (array.getShape().dimension() == 0) {
        alias.muli(0).addi(values);
      } else {
        alias.set(new NDIndex(":"), values);
      }
    }
  }

  @Override
  public void close() {
    copy.close();
    arena.close();
  }
}
