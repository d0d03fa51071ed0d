package dev.mincover.lab.command;

import dev.mincover.lab.bench.Bench;
import dev.mincover.lab.bench.BenchProgress;
import dev.mincover.lab.bench.Block;
import dev.mincover.lab.bench.Contestant;
import dev.mincover.lab.bench.Measurement;
import dev.mincover.lab.bench.Workload;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.libtorch.Libtorch;
import dev.mincover.lab.option.BenchModelOptions;
import dev.mincover.lab.option.JsonOption;
import dev.mincover.recipe.ByName;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mincover bench}: times steps of SM3 beside an SGD pass and libtorch's optimizers. */
@Command(
    name = "bench",
    description = {
      "Times optimizer steps in one process: SM3 in its variants, a plain SGD pass in Java, which"
          + " is as fast as memory allows, and libtorch's optimizers. All step the same weights"
          + " with the same gradients, one after the other, in an order drawn for every round.",
      "",
      "With --model: steps a whole language model, which SM3 leaves room for.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "Close what else uses the processor. Examples:",
      "  mincover bench --shapes 4096x4096,gpt2 --threads 2 --seconds 30",
      "  mincover bench --optimizers 'sm3*,torch-fused-*' --json bench.json",
      "  mincover bench --model gpt2-xl",
      "  mincover bench --model 10b --mapped /scratch"
    })
public final class BenchCommand implements Callable<Integer> {

  /** Of the heap and of libtorch itself. */
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

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "SHAPE",
      description =
          "Tensors to step, by comma: dimensions such as 4096x4096; gpt2, the 148 tensors of GPT-2"
              + " small; tiny, 10,000 tensors of 64 weights. Default: 4096x4096, 50257x768,"
              + " 8192x8192, 768x3072, 4096x8, 8x4096, 512x512x3x3, 1000000 and gpt2.")
  private @Nullable List<String> shapes;

  @Option(
      names = "--optimizers",
      split = ",",
      paramLabel = "NAME",
      description = {
        "Optimizers to time beside sgd-pass, by comma; * stands for any characters. There are sm3,"
            + " sm3-guarded, sm3-momentum, sm3-momentum-bf16, sm3-momentum-int8, sm3-bf16,"
            + " torch-fused-adam, torch-fused-adamw, torch-fused-adagrad, torch-adam and"
            + " torch-adagrad, the default, and sm3-bf16-stochastic, sm3-i, adagrad, adam and"
            + " adafactor."
      })
  private @Nullable List<String> optimizers;

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description =
          "Threads that share a step, by comma. Default: 1,2, or 1 on one processor; with --model"
              + " the last of these.")
  private @Nullable List<Integer> threads;

  @Option(
      names = "--seconds",
      paramLabel = "T",
      description = "For all measurements; they take longer where 11 rounds do.")
  private double seconds = 110;

  @Mixin private JsonOption json = new JsonOption();

  @Mixin private BenchModelOptions model = new BenchModelOptions();

  /** Checks everything, then measures. */
  @Override
  public Integer call() {
    if (model.isChosen()) {
      return stepModel();
    }
    model.requireNone();
    List<Workload> workloads = workloads();
    List<Contestant> contestants = contestants();
    List<Integer> numbers = threads();
    if (!(seconds >= 1 && seconds <= 86_400)) {
      throw new UserError(
          "--seconds is %s; it must be at least 1 and at most 86400, for example 110"
              .formatted(seconds));
    }
    json.check();
    Bench bench =
        new Bench(workloads, contestants, numbers, Duration.ofMillis((long) (1000 * seconds)));
    requireMemory(bench);
    requireVectors();
    Libtorch.watchNoMemory();
    List<Measurement> results = run(bench, json.leavesTables());
    json.write(results, out());
    out().flush();
    return 0;
  }

  private int stepModel() {
    for (String option : List.of("--shapes", "--optimizers", "--seconds", "--json")) {
      if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
        throw new UserError("%s is for the table; leave it out with --model".formatted(option));
      }
    }
    List<Integer> numbers = threads();
    if (threads != null && numbers.size() > 1) {
      throw new UserError(
          "--threads names %d numbers; give one with --model".formatted(numbers.size()));
    }
    requireVectors();
    Libtorch.watchNoMemory();
    model.run(numbers.getLast(), out());
    return 0;
  }

  private List<Measurement> run(Bench bench, boolean tables) {
    if (tables) {
      LocalDate today = LocalDate.now(ZoneId.systemDefault());
      out().printf("%s, %s%n", Machine.description(), today);
      out().flush();
    }
    List<Measurement> results = new ArrayList<>();
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
              results.addAll(block.results());
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
    return results;
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private List<Workload> workloads() {
    return new LinkedHashSet<>(shapes == null ? Workload.BY_DEFAULT : shapes)
        .stream().map(name -> OptionChecks.valid("--shapes", () -> Workload.of(name))).toList();
  }

  private List<Contestant> contestants() {
    if (optimizers == null) {
      return Contestant.ALL.stream().filter(Contestant::byDefault).toList();
    }
    Set<String> names = new LinkedHashSet<>();
    for (String pattern : optimizers) {
      ByName.Rule<String> rule = new ByName.Rule<>(pattern, "");
      List<String> found =
          Contestant.ALL.stream().map(Contestant::name).filter(rule::matches).toList();
      if (found.isEmpty()) {
        throw new UserError(
            "--optimizers: no optimizer is called '%s'; there are %s (* stands for any characters)"
                .formatted(
                    pattern,
                    Names.listed(Contestant.ALL.stream().map(Contestant::name).toList(), "and")));
      }
      names.addAll(found);
    }
    return Contestant.ALL.stream().filter(contestant -> names.contains(contestant.name())).toList();
  }

  private List<Integer> threads() {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads == null) {
      return processors == 1 ? List.of(1) : List.of(1, 2);
    }
    for (int n : threads) {
      OptionChecks.requireCount("--threads", n, 1 << 10);
      if (n > processors) {
        spec.commandLine()
            .getErr()
            .printf("mincover: %d threads share %d processors; figures will vary%n", n, processors);
      }
    }
    return List.copyOf(new LinkedHashSet<>(threads));
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
