package dev.mincover.gpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.mincover.Optimizer;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The same training twice, with core's optimizer on the host and with a device's, whose weights and
 * state must be of the same bits after every step.
 */
final class Comparison implements AutoCloseable {

  /** One parameter. */
  record Tensor(String name, Shape shape, DataType weights, DataType gradient) {}

  private final Arena arena = Arena.ofShared();
  private final Device device;
  private final List<Tensor> tensors;
  private final Random random;
  private final Map<String, MemorySegment> weights = new LinkedHashMap<>();
  private final Map<String, DeviceMemory> deviceWeights = new LinkedHashMap<>();
  private final Map<String, MemorySegment> gradients = new HashMap<>();
  private final Map<String, DeviceMemory> deviceGradients = new HashMap<>();
  private final List<DeviceMemory> obtained = new ArrayList<>();
  final Optimizer host;
  final DeviceOptimizer optimizer;

  /** Every step, how large gradients are. */
  float size = 1;

  Comparison(Device device, Recipe recipe, List<Tensor> tensors, long seed) {
    this.device = device;
    this.tensors = tensors;
    random = new Random(seed);
    List<Parameter> here = new ArrayList<>();
    List<DeviceParameter> there = new ArrayList<>();
    for (Tensor tensor : tensors) {
      long bytes = tensor.shape.size() * tensor.weights.bytes();
      MemorySegment memory = arena.allocate(bytes, 64);
      fill(memory, tensor.weights, tensor.shape, 0.5f, false);
      DeviceMemory copy = obtain(bytes);
      copy.upload(memory);
      weights.put(tensor.name, memory);
      deviceWeights.put(tensor.name, copy);
      here.add(Parameter.of(tensor.name, tensor.shape, memory, tensor.weights));
      there.add(DeviceParameter.of(tensor.name, tensor.shape, copy, tensor.weights));
      long gradient = tensor.shape.size() * tensor.gradient.bytes();
      gradients.put(tensor.name, arena.allocate(gradient, 64));
      deviceGradients.put(tensor.name, obtain(gradient));
    }
    host = Optimizer.bind(recipe, here);
    optimizer = DeviceOptimizer.bind(recipe, device, there);
  }

  private DeviceMemory obtain(long bytes) {
    DeviceMemory memory = device.allocate(bytes);
    obtained.add(memory);
    return memory;
  }

  /**
   * Values of all kinds: rows of zeros, zeros of either sign, subnormals, and very unequal ones.
   */
  private void fill(MemorySegment to, DataType type, Shape shape, float scale, boolean unequal) {
    float[] values = new float[Math.toIntExact(shape.size())];
    int row = shape.rank() == 0 ? 1 : (int) Math.max(1, shape.dimension(shape.rank() - 1));
    boolean zeros = false;
    for (int i = 0; i < values.length; i++) {
      if (i % row == 0) {
        zeros = unequal && random.nextInt(7) == 0;
      }
      float value = (float) random.nextGaussian() * scale;
      switch (unequal ? random.nextInt(40) : random.nextInt(400)) {
        case 0 -> value = 0;
        case 1 -> value = -0f;
        case 2 -> value = unequal ? Math.copySign(1e-20f, value) : value; // its square is subnormal
        case 3 -> value *= 100;
        default -> {}
      }
      values[i] = zeros ? 0 : value;
    }
    store(values, to, type);
  }

  static void store(float[] values, MemorySegment to, DataType type) {
    Storage.of(type, to, false).store(0, values.length, values, 0);
  }

  /** Takes a step on both sides, with a gradient for each tensor or for some, and compares. */
  void step(boolean all) {
    Map<String, Gradient> here = new HashMap<>();
    Map<String, DeviceGradient> there = new HashMap<>();
    for (Tensor tensor : tensors) {
      if (!all && random.nextInt(3) == 0) {
        continue;
      }
      MemorySegment gradient = requireNonNull(gradients.get(tensor.name));
      DeviceMemory copy = requireNonNull(deviceGradients.get(tensor.name));
      fill(gradient, tensor.gradient, tensor.shape, size, true);
      copy.upload(gradient);
      here.put(tensor.name, Gradient.dense(gradient, tensor.gradient));
      there.put(tensor.name, DeviceGradient.dense(copy, tensor.gradient));
    }
    host.step(here);
    optimizer.step(there);
    requireEqual();
  }

  /**
   * Takes a step on both sides with sparse gradients of random rows, some of them repeated, for
   * most tensors, and dense ones for others, and compares.
   */
  void stepRows() {
    Map<String, Gradient> here = new HashMap<>();
    Map<String, DeviceGradient> there = new HashMap<>();
    List<DeviceMemory> values = new ArrayList<>();
    for (Tensor tensor : tensors) {
      int kind = random.nextInt(8);
      MemorySegment dense = requireNonNull(gradients.get(tensor.name));
      fill(dense, tensor.gradient, tensor.shape, size, true);
      if (kind == 0) {
        continue;
      }
      if (kind == 1) {
        DeviceMemory copy = requireNonNull(deviceGradients.get(tensor.name));
        copy.upload(dense);
        here.put(tensor.name, Gradient.dense(dense, tensor.gradient));
        there.put(tensor.name, DeviceGradient.dense(copy, tensor.gradient));
        continue;
      }
      int height = (int) tensor.shape.dimension(0);
      int rows = kind == 2 ? 0 : 1 + random.nextInt(height);
      long[] indices = new long[rows];
      for (int i = 0; i < rows; i++) {
        indices[i] = random.nextInt(height);
      }
      long row = dense.byteSize() / height;
      MemorySegment some = dense.asSlice(0, rows * row);
      DeviceMemory copy = device.allocate(rows * row);
      values.add(copy);
      copy.upload(some);
      MemorySegment named = MemorySegment.ofArray(indices);
      here.put(tensor.name, Gradient.rows(named, some, tensor.gradient));
      there.put(tensor.name, DeviceGradient.rows(named, copy, tensor.gradient));
    }
    host.step(here);
    optimizer.step(there);
    requireEqual();
    values.forEach(DeviceMemory::close);
  }

  /** Takes a step on both sides with the gradients given, and compares. */
  void step(Map<String, float[]> values) {
    Map<String, Gradient> here = new HashMap<>();
    Map<String, DeviceGradient> there = new HashMap<>();
    for (Tensor tensor : tensors) {
      float[] of = values.get(tensor.name);
      if (of != null) {
        MemorySegment gradient = requireNonNull(gradients.get(tensor.name));
        DeviceMemory copy = requireNonNull(deviceGradients.get(tensor.name));
        store(of, gradient, tensor.gradient);
        copy.upload(gradient);
        here.put(tensor.name, Gradient.dense(gradient, tensor.gradient));
        there.put(tensor.name, DeviceGradient.dense(copy, tensor.gradient));
      }
    }
    Throwable expected = catchThrowable(() -> host.step(here));
    Throwable thrown = catchThrowable(() -> optimizer.step(there));
    if (expected == null) {
      assertThat(thrown).isNull();
    } else {
      assertThat(thrown).hasSameClassAs(expected).hasMessage(expected.getMessage());
    }
    requireEqual();
  }

  /** The device's gradients of the last step with all of them. */
  Map<String, DeviceGradient> deviceGradients() {
    Map<String, DeviceGradient> all = new HashMap<>();
    for (Tensor tensor : tensors) {
      DeviceMemory memory = requireNonNull(deviceGradients.get(tensor.name));
      all.put(tensor.name, DeviceGradient.dense(memory, tensor.gradient));
    }
    return all;
  }

  /** Takes a step on the device alone. */
  void stepDevice(Map<String, float[]> values) {
    Map<String, DeviceGradient> there = new HashMap<>();
    for (Tensor tensor : tensors) {
      float[] of = values.get(tensor.name);
      if (of != null) {
        DeviceMemory copy = requireNonNull(deviceGradients.get(tensor.name));
        copy.upload(MemorySegment.ofArray(of));
        there.put(tensor.name, DeviceGradient.dense(copy, DataType.FLOAT32));
      }
    }
    optimizer.step(there);
  }

  /** Compares weights and state. */
  void requireEqual() {
    assertThat(optimizer.steps()).isEqualTo(host.steps());
    assertThat(optimizer.skippedSteps()).isEqualTo(host.skippedSteps());
    for (Tensor tensor : tensors) {
      MemorySegment expected = requireNonNull(weights.get(tensor.name));
      DeviceMemory memory = requireNonNull(deviceWeights.get(tensor.name));
      requireEqual(tensor.name, expected, memory, tensor.weights.bytes());
      float[][] mu = host.accumulators(tensor.name);
      float[][] found = optimizer.accumulators(tensor.name);
      assertThat(found.length).isEqualTo(mu.length);
      for (int k = 0; k < mu.length; k++) {
        requireEqual(
            "accumulators %d of %s".formatted(k, tensor.name),
            MemorySegment.ofArray(mu[k]),
            MemorySegment.ofArray(found[k]),
            Float.BYTES);
      }
    }
    Map<String, DeviceMemory> state = optimizer.stateByName();
    for (NamedTensor tensor : host.state()) {
      if (tensor.name().startsWith("optimizer/")) {
        requireEqual(
            tensor.name(),
            tensor.elements(),
            requireNonNull(state.get(tensor.name())),
            tensor.type().bits() / 8);
      }
    }
  }

  private static void requireEqual(
      String what, MemorySegment expected, DeviceMemory memory, int width) {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment found = own.allocate(memory.byteSize(), 8);
      memory.download(found);
      requireEqual(what, expected, found, width);
    }
  }

  private static void requireEqual(
      String what, MemorySegment expected, MemorySegment found, int width) {
    long at = expected.mismatch(found);
    if (at >= 0) {
      long i = at / width;
      assertThat(text(found, i, width))
          .as("%s at %d of %d", what, i, expected.byteSize() / width)
          .isEqualTo(text(expected, i, width));
    }
  }

  private static String text(MemorySegment of, long i, int width) {
    return switch (width) {
      case 4 -> Float.toHexString(of.getAtIndex(JAVA_FLOAT, i));
      case 2 -> Integer.toHexString(of.getAtIndex(JAVA_SHORT, i));
      default -> Integer.toHexString(of.getAtIndex(JAVA_BYTE, i));
    };
  }

  @Override
  public void close() {
    optimizer.close();
    host.close();
    obtained.forEach(DeviceMemory::close);
    arena.close();
  }
}
