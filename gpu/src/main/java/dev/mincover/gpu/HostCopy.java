package dev.mincover.gpu;

import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.Progress;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.internal.step.DeviceTensor;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A device's weights and state in host memory, as an {@link Optimizer} of the same recipe, for as
 * long as a checkpoint is written or read: the format, and what is checked, are core's.
 */
final class HostCopy implements AutoCloseable {

  private static final String STATE = "optimizer/";

  private final Arena arena;
  private final Optimizer optimizer;
  private final Map<String, DeviceMemory> weights = new HashMap<>();

  @SuppressWarnings("MustBeClosedChecker") // Closed by close.
  HostCopy(Recipe recipe, Collection<DeviceParameter> parameters) {
    arena = Arena.ofShared();
    try {
      List<Parameter> copies = new ArrayList<>();
      for (DeviceParameter each : parameters) {
        weights.put(each.name(), each.weights());
        MemorySegment memory = arena.allocate(each.weights().byteSize(), Long.BYTES);
        copies.add(new Parameter(each.name(), each.shape(), memory, each.type(), each.frozen()));
      }
      optimizer = Optimizer.bind(recipe, copies);
    } catch (RuntimeException | Error failure) {
      arena.close();
      throw failure;
    }
  }

  /** The copy. */
  Optimizer optimizer() {
    return optimizer;
  }

  /** Copies weights and state from the device. */
  void download(List<DeviceTensor> tensors, Progress progress) {
    Map<String, DeviceMemory> all = all(tensors);
    for (NamedTensor tensor : optimizer.state()) {
      requireNonNull(all.get(tensor.name())).download(tensor.elements());
    }
    optimizer.resume(progress);
  }

  /** Copies weights and state to the device. */
  void upload(List<DeviceTensor> tensors) {
    tensors.forEach(DeviceTensor::beginRestore);
    Map<String, DeviceMemory> all = all(tensors);
    for (NamedTensor tensor : optimizer.state()) {
      requireNonNull(all.get(tensor.name())).upload(tensor.elements());
    }
  }

  /** By the names of {@link Optimizer#state}. */
  private Map<String, DeviceMemory> all(List<DeviceTensor> tensors) {
    Map<String, DeviceMemory> all = state(tensors);
    all.putAll(weights);
    return all;
  }

  /** The state by the names of {@link Optimizer#state}. */
  static Map<String, DeviceMemory> state(List<DeviceTensor> tensors) {
    Map<String, DeviceMemory> all = new HashMap<>();
    for (DeviceTensor tensor : tensors) {
      tensor.state().forEach((name, memory) -> all.put(STATE + tensor.name + "/" + name, memory));
    }
    return all;
  }

  /** The accumulators of one tensor. */
  static float[][] accumulators(DeviceTensor tensor) {
    List<float[]> all = new ArrayList<>();
    tensor
        .state()
        .forEach((name, memory) -> {
          if (name.equals("v") || name.startsWith("mu")) {
            float[] values = new float[Math.toIntExact(memory.byteSize() / Float.BYTES)];
            memory.download(MemorySegment.ofArray(values));
            all.add(values);
          }
        });
    return all.toArray(float[][]::new);
  }

  @Override
  public void close() {
    optimizer.close();
    arena.close();
  }
}
