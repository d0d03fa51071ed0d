package dev.mincover.gpu.internal.step;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.Kernel;
import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.tensor.DataType;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
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

  /** Rows of a tile of a sparse gradient. */
  static final int ROWS_GIVEN = 16;

  private static final String SHARED = read("portable.h") + read("values.h") + read("tables.h");
  private static final String STEP = SHARED + read("step.c");
  private static final String SCAN = SHARED + read("scan.c");
  private static final String PLAIN = read("portable.h") + read("plain.c");

  /** What a kernel is for: how weights and gradients lie, and whether rows may be left out. */
  private record Use(String name, DataType weights, DataType gradient, boolean sparse, Pass pass) {}

  /** The passes of which steps are made, by the numbers that kernels know them by. */
  enum Pass {
    /** SM3-II and Adam: maxima are taken and weights moved at once. */
    ONLY(0),
    /** The first of SM3-I: the largest squares. */
    SQUARES(1),
    /** The second of SM3-I: weights are moved by accumulators that hold the squares already. */
    MOVES(2);

    private final int number;

    Pass(int number) {
      this.number = number;
    }
  }

  private final Device device;
  private final StepNumbers numbers;
  private final Map<Use, Kernel> kernels = new HashMap<>();

  StepKernels(Device device, StepNumbers numbers) {
    this.device = device;
    this.numbers = numbers;
  }

  /** A pass over tensors whose weights and gradients are of some types. */
  Kernel step(DataType weights, DataType gradient, Pass pass) {
    return ofStep(new Use("stepTensors", weights, gradient, false, pass));
  }

  /** What follows the first pass of SM3-I. */
  Kernel commit(DataType weights, DataType gradient) {
    return ofStep(new Use("commitTensors", weights, gradient, false, Pass.SQUARES));
  }

  /** A pass over one tensor with a sparse gradient. */
  Kernel stepGiven(DataType weights, DataType gradient, Pass pass) {
    return ofStep(new Use("stepGiven", weights, gradient, true, pass));
  }

  /** What follows a pass over one tensor with a sparse gradient that has raised maxima. */
  Kernel commitGiven(DataType weights, DataType gradient, Pass pass) {
    return ofStep(new Use("commitGiven", weights, gradient, true, pass));
  }

  private Kernel ofStep(Use use) {
    Kernel found = kernels.get(use);
    if (found == null) {
      found = device.kernel(STEP, definitions(use), use.name, THREADS);
      kernels.put(use, found);
    }
    return found;
  }

  private List<String> definitions(Use use) {
    List<String> all = shared(use);
    all.add("PASS=" + use.pass.number);
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
    return all;
  }

  /** The scan of gradients of some type. */
  Kernel scan(DataType gradient, boolean sparse) {
    String name = sparse ? "scanGiven" : "scanGradients";
    Use use = new Use(name, gradient, gradient, sparse, Pass.ONLY);
    Kernel found = kernels.get(use);
    if (found == null) {
      List<String> all = shared(use);
      all.add("STRETCH=" + GradientScan.STRETCH);
      all.add("STOCHASTIC=0");
      all.add("NORM=" + flag(numbers.hasNorm()));
      found = device.kernel(SCAN, all, name, THREADS);
      kernels.put(use, found);
    }
    return found;
  }

  private static List<String> shared(Use use) {
    List<String> all = new ArrayList<>();
    all.add("THREADS=" + THREADS);
    all.add("MOST_AXES=" + MOST_AXES);
    all.add("ROWS_GIVEN=" + ROWS_GIVEN);
    all.add("SPARSE=" + flag(use.sparse));
    all.add("WEIGHTS=" + StepNumbers.number(use.weights));
    all.add("GRADIENT=" + StepNumbers.number(use.gradient));
    return all;
  }

  /** A pass that is no step of a recipe. */
  static Kernel plain(Device device, String name) {
    return device.kernel(PLAIN, List.of("THREADS=" + THREADS), name, THREADS);
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
