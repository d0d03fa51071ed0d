package dev.mincover.gpu;

import static dev.mincover.tensor.DataType.BFLOAT16;
import static dev.mincover.tensor.DataType.FLOAT16;
import static dev.mincover.tensor.DataType.FLOAT32;
import static java.util.Objects.requireNonNull;

import dev.mincover.Optimizer;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.cover.Cover;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A comparison of a device's steps with core's on the CPU, bit for bit: what to run first on new
 * hardware, or with a new driver. It takes some seconds, most of them to compile kernels.
 */
public final class DeviceCheck {

  private static final int STEPS = 5;

  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1000),
          Shape.of(1, 7),
          Shape.of(7, 1),
          Shape.of(33, 17),
          Shape.of(4097, 31),
          Shape.of(257, 1024),
          Shape.of(64, 3, 7, 7),
          Shape.of(6, 5, 70),
          Shape.of(3, 4, 5, 64),
          Shape.of(3, 2, 2, 3, 68));

  private final Device device;
  private int compared;

  private DeviceCheck(Device device) {
    this.device = device;
  }

  /**
   * What was found.
   *
   * @param compared tensors of weights and state, each counted once a step
   * @param difference where the first bits were found that differ, in words; empty if all are equal
   */
  public record Report(int compared, String difference) {

    /** Whether all bits are equal. */
    public boolean isEqual() {
      return difference.isEmpty();
    }
  }

  /** A recipe, and how weights and gradients are stored. */
  private record Case(Recipe recipe, DataType weights, DataType gradient) {}

  /**
   * Steps on the device and on the CPU, and compares weights and state after each step.
   *
   * @throws dev.mincover.gpu.device.DeviceException if the device fails
   */
  public static Report run(Device device) {
    DeviceCheck check = new DeviceCheck(device);
    for (Case each : cases()) {
      String difference = check.difference(each);
      if (difference != null) {
        return new Report(check.compared, difference);
      }
    }
    return new Report(check.compared, "");
  }

  private static List<Case> cases() {
    Sm3 plain = Sm3.learningRate(0.1);
    Sm3 average = plain.momentum(Momentum.average(0.9));
    return List.of(
        new Case(plain, FLOAT32, FLOAT32),
        new Case(average, FLOAT32, FLOAT32),
        new Case(plain.momentum(Momentum.nesterov(0.9)), FLOAT32, FLOAT32),
        new Case(
            average.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)),
            FLOAT32,
            FLOAT32),
        new Case(plain.secondMoment(SecondMoment.average(0.95)).epsilon(1e-8), FLOAT32, FLOAT32),
        new Case(plain.cover(Cover.singletons()), FLOAT32, FLOAT32),
        new Case(plain.algorithm(Sm3.Algorithm.SM3_I), FLOAT32, FLOAT32),
        new Case(plain.cover(Cover.whole()).weightDecay(0.1).clipByValue(1), FLOAT32, FLOAT32),
        new Case(plain.clipByGlobalNorm(1), FLOAT32, FLOAT32),
        new Case(plain, BFLOAT16, BFLOAT16),
        new Case(plain, FLOAT16, FLOAT16),
        new Case(plain.rounding(Rounding.stochastic(1)), BFLOAT16, FLOAT32),
        new Case(average.rounding(Rounding.stochastic(2)), FLOAT16, BFLOAT16),
        new Case(Adam.learningRate(0.01).weightDecay(0.01), FLOAT32, FLOAT32));
  }

  private @Nullable String difference(Case each) {
    boolean withNorm = each.recipe.options().clipNorm() != Double.POSITIVE_INFINITY;
    if (withNorm && !device.hasDoubles()) {
      return null; // Refused when it is bound.
    }
    Random random = new Random(1);
    List<DeviceMemory> obtained = new ArrayList<>();
    List<Parameter> here = new ArrayList<>();
    List<DeviceParameter> there = new ArrayList<>();
    Map<String, Gradient> gradients = new HashMap<>();
    Map<String, DeviceGradient> copies = new HashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < SHAPES.size(); i++) {
        String name = "t%d of shape %s".formatted(i, SHAPES.get(i));
        long size = SHAPES.get(i).size();
        MemorySegment weights = arena.allocate(size * each.weights.bytes(), Long.BYTES);
        fill(weights, each.weights, size, random);
        MemorySegment gradient = arena.allocate(size * each.gradient.bytes(), Long.BYTES);
        here.add(Parameter.of(name, SHAPES.get(i), weights, each.weights));
        there.add(DeviceParameter.of(name, SHAPES.get(i), copy(weights, obtained), each.weights));
        gradients.put(name, Gradient.dense(gradient, each.gradient));
        copies.put(name, DeviceGradient.dense(copy(gradient, obtained), each.gradient));
      }
      try (Optimizer host = Optimizer.bind(each.recipe, here);
          DeviceOptimizer optimizer = DeviceOptimizer.bind(each.recipe, device, there)) {
        for (int step = 1; step <= STEPS; step++) {
          for (Parameter parameter : here) {
            MemorySegment gradient = requireNonNull(gradients.get(parameter.name())).values();
            fill(gradient, each.gradient, parameter.shape().size(), random);
            requireNonNull(copies.get(parameter.name())).values().upload(gradient);
          }
          host.step(gradients);
          optimizer.step(copies);
          String found = difference(host, optimizer);
          if (found != null) {
            return "%s after step %d of %s weights and %s gradients under %s"
                .formatted(found, step, each.weights, each.gradient, each.recipe);
          }
        }
      }
    } finally {
      obtained.forEach(DeviceMemory::close);
    }
    return null;
  }

  private DeviceMemory copy(MemorySegment from, List<DeviceMemory> obtained) {
    DeviceMemory memory = device.allocate(from.byteSize());
    obtained.add(memory);
    memory.upload(from);
    return memory;
  }

  /** Very unequal values, with zeros of both signs and some whose squares are subnormal. */
  private static void fill(MemorySegment to, DataType type, long size, Random random) {
    float[] values = new float[Math.toIntExact(size)];
    for (int i = 0; i < values.length; i++) {
      float value = (float) random.nextGaussian();
      values[i] =
          switch (random.nextInt(64)) {
            case 0 -> 0;
            case 1 -> -0f;
            case 2 -> Math.copySign(1e-20f, value);
            case 3 -> 50 * value;
            default -> value;
          };
    }
    Storage.of(type, to, false).store(0, values.length, values, 0);
  }

  private @Nullable String difference(Optimizer host, DeviceOptimizer optimizer) {
    Map<String, DeviceMemory> there = optimizer.stateByName();
    for (DeviceParameter parameter : optimizer.parameters()) {
      there.put(parameter.name(), parameter.weights());
    }
    try (Arena arena = Arena.ofConfined()) {
      for (NamedTensor tensor : host.state()) {
        compared++;
        MemorySegment found = arena.allocate(tensor.elements().byteSize(), Long.BYTES);
        requireNonNull(there.get(tensor.name())).download(found);
        long at = found.mismatch(tensor.elements());
        if (at >= 0) {
          return "'%s' differs at value %d"
              .formatted(tensor.name(), at * Byte.SIZE / tensor.type().bits());
        }
      }
    }
    return null;
  }
}
