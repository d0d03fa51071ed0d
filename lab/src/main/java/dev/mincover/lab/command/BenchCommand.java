package dev.mincover.lab.command;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceException;
import dev.mincover.lab.bench.Bench;
import dev.mincover.lab.bench.BenchProgress;
import dev.mincover.lab.bench.Block;
import dev.mincover.lab.bench.Contestant;
import dev.mincover.lab.bench.DeviceBench;
import dev.mincover.lab.bench.DeviceMeasurement;
import dev.mincover.lab.bench.Measurement;
import dev.mincover.lab.bench.Workload;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.Libtorch;
import dev.mincover.lab.option.BenchModelOptions;
import dev.mincover.lab.option.BenchOptions;
import dev.mincover.lab.option.DeviceKind;
import dev.mincover.lab.option.JsonOption;
import java.io.PrintWriter;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mincover bench}: times steps of SM3, of an SGD pass and of libtorch's optimizers. */
@Command(
    name = "bench",
    description = {
      "Times optimizer steps in one process: variants of SM3, a plain SGD pass in Java, which is as"
          + " fast as memory allows, and libtorch's optimizers. All step the same weights with the"
          + " same gradients, one after the other, in a random order in every round.",
      "",
      "With --model: steps a whole language model with SM3. With --device: steps in the memory of a"
          + " GPU.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "Close other programs that use the processor. Examples:",
      "  mincover bench --shapes 4096x4096,gpt2 --threads 2 --seconds 30",
      "  mincover bench --optimizers 'sm3*,torch-fused-*' --json bench.json",
      "  mincover bench --device cuda --shapes 16384x16384,gpt2",
      "  mincover bench --model gpt2-xl",
      "  mincover bench --model 10b --mapped /scratch"
    })
public final class BenchCommand implements Callable<Integer> {

  /** Bytes that the heap and libtorch itself need. */
  private static final long OWN_MEMORY = 1L << 30;

  private static final List<String> LEGEND =
      List.of(
          "/ SGD is the time over that of sgd-pass in the same round, the median over the rounds.",
          "GB/s counts what an update must move: a float32 weight without momentum 12 bytes.",
          "sm3-guarded reads all gradients before it steps, and refuses those that are not",
          "finite: the library's default. All others step unchecked, as libtorch does.",
          "What takes over 0.25 s is timed in every other round.",
          "sm3-bf16 steps bfloat16 weights and gradients, all others float32.");

  @Spec private CommandSpec spec;

  @Mixin private BenchOptions options = new BenchOptions();

  @Mixin private BenchModelOptions model = new BenchModelOptions();

  /** Checks everything, then measures. */
  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    if (model.isChosen()) {
      options.requireNoneOfTable();
      int threads = options.threadsOfModel(err);
      requireVectors();
      Libtorch.watchNoMemory();
      model.run(threads, out());
      return 0;
    }
    model.requireNone();
    List<Workload> workloads = options.workloads();
    DeviceKind kind = options.device();
    if (kind != null) {
      runOnDevice(kind, workloads);
      return 0;
    }
    List<Contestant> contestants = options.contestants();
    List<Integer> threads = options.threads(err);
    Bench bench = new Bench(workloads, contestants, threads, options.time());
    JsonOption json = options.json();
    json.check();
    requireMemory(bench);
    requireVectors();
    Libtorch.watchNoMemory();
    List<Measurement> measurements = run(bench, json.leavesTables());
    json.write(measurements, out());
    out().flush();
    return 0;
  }

  private void runOnDevice(DeviceKind kind, List<Workload> workloads) {
    DeviceBench bench = new DeviceBench(workloads, options.deviceContestants(), options.time());
    JsonOption json = options.json();
    json.check();
    List<DeviceMeasurement> all = new ArrayList<>();
    try (Device device = kind.open()) {
      if (json.leavesTables()) {
        out().printf("%s, %s%n", device.name(), LocalDate.now(ZoneId.systemDefault()));
      }
      Iterator<Workload> next = workloads.iterator();
      bench.run(
          device,
          measurements -> {
            all.addAll(measurements);
            List<String> lines = DeviceBench.lines(next.next(), measurements);
            if (json.leavesTables()) {
              out().println();
              lines.forEach(out()::println);
              out().flush();
            }
          });
    } catch (DeviceException e) {
      throw new UserError("--device: " + String.valueOf(e.getMessage()));
    }
    json.write(all, out());
    out().flush();
  }

  private List<Measurement> run(Bench bench, boolean tables) {
    if (tables) {
      LocalDate today = LocalDate.now(ZoneId.systemDefault());
      out().printf("%s, %s%n", Machine.description(), today);
      out().flush();
    }
    List<Measurement> measurements = new ArrayList<>();
    int blocks = bench.workloads().size() * bench.threads().size();
    try (BenchProgress progress = new BenchProgress(blocks, spec.commandLine().getErr())) {
      bench.run(
          new Bench.Listener() {
            @Override
            public void begins(Workload workload, int threads) {
              progress.begins(workload, threads);
            }

            @Override
            public void at(double share) {
              progress.at(share);
            }

            @Override
            public void done(Block block) {
              progress.ends();
              measurements.addAll(block.measurements());
              if (tables) {
                out().println();
                block.lines().forEach(out()::println);
                out().flush();
              }
            }
          });
    }
    if (tables) {
      out().println();
      LEGEND.forEach(out()::println);
    }
    return measurements;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private static void requireMemory(Bench bench) {
    long available = Machine.availableMemory();
    for (Workload workload : bench.workloads()) {
      long needed = bench.bytes(workload) + OWN_MEMORY;
      if (needed > available) {
        throw new UserError(
            "--shapes: %s takes %s with %d optimizers, but %s of memory are available; choose fewer --optimizers or a smaller shape"
                .formatted(
                    workload.name(),
                    ByteCount.format(needed),
                    bench.contestants().size(),
                    ByteCount.format(available)));
      }
    }
  }

  private static void requireVectors() {
    if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
      throw new UserError(
          "the Vector API is missing; use the launcher, or java --add-modules jdk.incubator.vector");
    }
  }
}
