package dev.mincover.lab.bench;

import dev.mincover.gpu.DeviceGradient;
import dev.mincover.gpu.DeviceOptimizer;
import dev.mincover.gpu.DeviceParameter;
import dev.mincover.gpu.DevicePass;
import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.lab.common.Seed;
import dev.mincover.recipe.Recipe;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Times the steps of optimizers on a device, in turn and over the same weights and gradients. A
 * sample is several steps, handed over one after the other, and the wait for the last.
 *
 * @param workloads in this order
 * @param contestants the copy first
 * @param time for all workloads; one whose minimum of rounds needs longer takes longer
 */
public record DeviceBench(
    List<Workload> workloads, List<DeviceContestant> contestants, Duration time) {

  /** Steps between two waits. */
  private static final int STEPS = 10;

  /** Bytes that are drawn and then repeated: drawing takes longer than stepping. */
  private static final long DRAWN = 1 << 22;

  /** Copies the lists, and puts the copy, with which the others are compared, first. */
  public DeviceBench {
    workloads = List.copyOf(workloads);
    List<DeviceContestant> others = new ArrayList<>(contestants);
    others.removeIf(contestant -> contestant.name().equals(DeviceContestant.COPY));
    others.addFirst(DeviceContestant.ALL.getFirst());
    contestants = List.copyOf(others);
  }

  /**
   * Runs all.
   *
   * @param listener gets the measurements of each workload, in the order of the contestants
   * @throws dev.mincover.gpu.device.DeviceException if the device's memory is too small, or it
   *     fails
   */
  public void run(Device device, Consumer<List<DeviceMeasurement>> listener) {
    long nanos = time.toNanos() / workloads.size();
    for (Workload workload : workloads) {
      try (Workbench bench = new Workbench(device, workload)) {
        List<Stepper> steppers = new ArrayList<>();
        try {
          contestants.forEach(contestant -> steppers.add(bench.stepper(contestant)));
          Rounds rounds = new Rounds(steppers, Seed.generator(1));
          rounds.run(nanos, _ -> {});
          listener.accept(measurements(device, workload, steppers, rounds.timings()));
        } finally {
          steppers.forEach(Stepper::close);
        }
      }
    }
  }

  private List<DeviceMeasurement> measurements(
      Device device, Workload workload, List<Stepper> steppers, List<Rounds.Timing> timings) {
    List<DeviceMeasurement> all = new ArrayList<>();
    double copied = 0;
    for (int i = 0; i < contestants.size(); i++) {
      DeviceContestant contestant = contestants.get(i);
      double nanos = timings.get(i).nanos() / STEPS;
      double bandwidth = contestant.minimalBytes() * (double) workload.weights() / nanos;
      copied = i == 0 ? bandwidth : copied;
      all.add(
          new DeviceMeasurement(
              device.name(),
              workload.name(),
              contestant.name(),
              nanos * 1e-6,
              bandwidth,
              bandwidth / copied,
              (double) steppers.get(i).stateBytes() / workload.weights()));
    }
    return all;
  }

  /** The lines of a table with the measurements of one workload. */
  public static List<String> lines(Workload workload, List<DeviceMeasurement> measurements) {
    List<String> lines = new ArrayList<>();
    lines.add("%s: %,d weights".formatted(workload.name(), workload.weights()));
    lines.add("");
    lines.add(
        "%-19s %10s %9s %8s %15s".formatted("optimizer", "ms", "GB/s", "/ copy", "state B/weight"));
    for (DeviceMeasurement each : measurements) {
      lines.add(
          "%-19s %10.4f %9.1f %7.0f%% %15.3f"
              .formatted(
                  each.optimizer(),
                  each.medianMillis(),
                  each.gigabytesPerSecond(),
                  100 * each.shareOfCopy(),
                  each.stateBytesPerWeight()));
    }
    return lines;
  }

  /** The memory of a workload on a device. */
  private static final class Workbench implements AutoCloseable {
    private final Device device;
    private final Workload workload;
    private final Map<DataType, List<DeviceMemory>> weights = new EnumMap<>(DataType.class);
    private final Map<DataType, List<DeviceMemory>> gradients = new EnumMap<>(DataType.class);

    Workbench(Device device, Workload workload) {
      this.device = device;
      this.workload = workload;
    }

    private List<DeviceMemory> weights(DataType type) {
      return weights.computeIfAbsent(type, _ -> obtain(type, Values.WEIGHTS));
    }

    private List<DeviceMemory> gradients(DataType type) {
      return gradients.computeIfAbsent(type, _ -> obtain(type, Values.GRADIENTS));
    }

    private List<DeviceMemory> obtain(DataType type, Values values) {
      List<DeviceMemory> all = new ArrayList<>();
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment drawn = arena.allocate(DRAWN, Long.BYTES);
        values.fill(drawn, type, 0);
        for (Shape shape : workload.tensors()) {
          DeviceMemory memory = device.allocate(shape.size() * type.bytes());
          all.add(memory);
          for (long at = 0; at < memory.byteSize(); at += DRAWN) {
            long bytes = Math.min(DRAWN, memory.byteSize() - at);
            memory.slice(at, bytes).upload(drawn.asSlice(0, bytes));
          }
        }
      } catch (RuntimeException | Error failure) {
        all.forEach(DeviceMemory::close);
        throw failure;
      }
      return all;
    }

    Stepper stepper(DeviceContestant contestant) {
      DataType type = contestant.type();
      Recipe recipe = contestant.recipe();
      if (recipe != null) {
        return stepper(recipe, type);
      }
      // The copy writes the weights anew; whatever they are, steps take as long.
      DevicePass pass =
          contestant.name().equals(DeviceContestant.COPY)
              ? DevicePass.copy(device, weights(type), gradients(type))
              : DevicePass.sgd(
                  device, weights(type), gradients(type), (float) DeviceContestant.ETA);
      return new Repeated(device, pass::run, () -> 0, pass::close);
    }

    private Stepper stepper(Recipe recipe, DataType type) {
      List<DeviceParameter> parameters = new ArrayList<>();
      Map<String, DeviceGradient> byName = new LinkedHashMap<>();
      for (int i = 0; i < workload.tensors().size(); i++) {
        Shape shape = workload.tensors().get(i);
        parameters.add(DeviceParameter.of("w" + i, shape, weights(type).get(i), type));
        byName.put("w" + i, DeviceGradient.dense(gradients(type).get(i), type));
      }
      DeviceOptimizer optimizer = DeviceOptimizer.bind(recipe, device, parameters);
      return new Repeated(
          device, () -> optimizer.step(byName), optimizer::stateBytes, optimizer::close);
    }

    @Override
    public void close() {
      weights.values().forEach(all -> all.forEach(DeviceMemory::close));
      gradients.values().forEach(all -> all.forEach(DeviceMemory::close));
    }
  }

  /** Several steps, and the wait for them. */
  private record Repeated(Device device, Runnable pass, LongSupplier bytes, Runnable end)
      implements Stepper {

    @Override
    public void step() {
      for (int i = 0; i < STEPS; i++) {
        pass.run();
      }
      device.synchronize();
    }

    @Override
    public long stateBytes() {
      return bytes.getAsLong();
    }

    @Override
    public void close() {
      end.run();
    }
  }
}
