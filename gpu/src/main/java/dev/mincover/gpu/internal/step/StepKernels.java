package dev.mincover.gpu.internal.step;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.Kernel;
import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.tensor.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The kernels of one optimizer: one source, compiled for what its recipe asks for and no more. Each
 * is compiled when a step first needs it.
 */
final class StepKernels {

  /** Threads of a block. */
  static final int THREADS = 256;

  /** Axes of a tensor that accumulators can belong to. */
  static final int MOST_AXES = 8;

  private static final String SHARED = read("portable.h") + read("values.h") + read("tables.h");
  private static final String STEP = SHARED + read("step.c");
  private static final String SCAN = SHARED + read("scan.c");

  /** What a step is for: how weights and gradients lie. */
  private record Use(DataType weights, DataType gradient) {}

  private final Device device;
  private final StepNumbers numbers;
  private final Map<Use, Kernel> steps = new HashMap<>();
  private final Map<DataType, Kernel> scans = new EnumMap<>(DataType.class);

  StepKernels(Device device, StepNumbers numbers) {
    this.device = device;
    this.numbers = numbers;
  }

  /** The step of tensors whose weights and gradients are of some types. */
  Kernel step(DataType weights, DataType gradient) {
    Use use = new Use(weights, gradient);
    Kernel found = steps.get(use);
    if (found == null) {
      List<String> all = shared(weights, gradient);
      all.add("MOMENTUM=" + numbers.momentum());
      all.add("AVERAGES=" + flag(numbers.averages()));
      all.add("SHARES=" + flag(numbers.shares()));
      all.add("OWNS=" + flag(numbers.owns()));
      all.add("ADAM=" + flag(numbers.isAdam()));
      all.add("EPSILON=" + flag(!numbers.isAdam() && numbers.epsilon() != 0));
      all.add("STOCHASTIC=" + flag(numbers.isStochastic()));
      all.add("TELLS=" + flag(numbers.tellsBadSquares()));
      Set<Feature> features = numbers.features();
      for (Feature feature :
          List.of(Feature.CLIPS, Feature.SCALES, Feature.DECAYS, Feature.NESTEROV)) {
        all.add(feature + "=" + flag(features.contains(feature)));
      }
      found = device.kernel(STEP, all, "stepTensors", THREADS);
      steps.put(use, found);
    }
    return found;
  }

  /** The scan of gradients of some type. */
  Kernel scan(DataType gradient) {
    Kernel found = scans.get(gradient);
    if (found == null) {
      List<String> all = shared(gradient, gradient);
      all.add("STOCHASTIC=0");
      all.add("NORM=" + flag(numbers.hasNorm()));
      found = device.kernel(SCAN, all, "scanGradients", THREADS);
      scans.put(gradient, found);
    }
    return found;
  }

  private static List<String> shared(DataType weights, DataType gradient) {
    List<String> all = new ArrayList<>();
    all.add("THREADS=" + THREADS);
    all.add("MOST_AXES=" + MOST_AXES);
    all.add("WEIGHTS=" + StepNumbers.number(weights));
    all.add("GRADIENT=" + StepNumbers.number(gradient));
    return all;
  }

  private static int flag(boolean value) {
    return value ? 1 : 0;
  }

  private static String read(String file) {
    try (InputStream in = StepKernels.class.getResourceAsStream(file)) {
      if (in == null) {
        throw new IllegalStateException("the kernels' source " + file + " is not in the jar");
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
