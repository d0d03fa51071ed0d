package dev.mincover.lab.option;

import dev.mincover.lab.bench.Contestant;
import dev.mincover.lab.bench.DeviceContestant;
import dev.mincover.lab.bench.Workload;
import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.ByName;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that only {@code mincover bench} has, except those of a whole model. */
public final class BenchOptions {

  private static final double SECONDS = 110;

  @Option(
      names = "--shapes",
      split = ",",
      paramLabel = "SHAPE",
      description =
          "Tensors to step, separated by commas: dimensions such as 4096x4096; gpt2, the 148"
              + " tensors of GPT-2 small; tiny, 10,000 tensors of 64 weights. Default: 4096x4096,"
              + " 50257x768, 8192x8192, 768x3072, 4096x8, 8x4096, 512x512x3x3, 1000000 and gpt2.")
  private @Nullable List<String> shapes;

  @Option(
      names = "--optimizers",
      split = ",",
      paramLabel = "NAME",
      description =
          "Optimizers to time beside sgd-pass, separated by commas; * stands for any characters."
              + " Default: sm3, sm3-guarded, sm3-momentum, sm3-momentum-bf16, sm3-momentum-int8,"
              + " sm3-bf16, torch-fused-adam, torch-fused-adamw, torch-fused-adagrad, torch-adam"
              + " and torch-adagrad. Others: sm3-bf16-stochastic, sm3-i, adagrad, adam and"
              + " adafactor.")
  private @Nullable List<String> optimizers;

  @Option(
      names = "--threads",
      split = ",",
      paramLabel = "N",
      description =
          "Numbers of threads that share a step, separated by commas. Default: 1,2, or 1 on one"
              + " processor. With --model, one number; default: the last of these.")
  private @Nullable List<Integer> threads;

  @Option(
      names = "--seconds",
      paramLabel = "T",
      description =
          "Time for all measurements. They take longer if 11 rounds do not fit. Default: 110")
  private @Nullable Double seconds;

  @Option(
      names = "--device",
      paramLabel = "KIND",
      description =
          "Steps in the memory of a device, cuda or opencl, instead of this process's: a copy, an"
              + " SGD pass, variants of SM3, AdaGrad and Adam.")
  private @Nullable String device;

  @Mixin private JsonOption json = new JsonOption();

  /**
   * The tensors to step, in the order given.
   *
   * @throws UserError if one is unknown
   */
  public List<Workload> workloads() {
    return new LinkedHashSet<>(shapes == null ? Workload.BY_DEFAULT : shapes)
        .stream().map(name -> OptionChecks.valid("--shapes", () -> Workload.of(name))).toList();
  }

  /** The kind of device on which to step; null for none. */
  public @Nullable DeviceKind device() {
    return device == null ? null : DeviceKind.of(device);
  }

  /**
   * The optimizers to time on a device, in the order of reports.
   *
   * @throws UserError if a name matches none, or numbers of threads are given
   */
  public List<DeviceContestant> deviceContestants() {
    if (threads != null) {
      throw new UserError("--threads is for the processor; leave it out with --device");
    }
    List<String> all = DeviceContestant.ALL.stream().map(DeviceContestant::name).toList();
    Set<String> names = optimizers == null ? Set.copyOf(all) : matching(optimizers, all);
    return DeviceContestant.ALL.stream().filter(each -> names.contains(each.name())).toList();
  }

  /**
   * The optimizers to time, in the order of reports.
   *
   * @throws UserError if a name matches none
   */
  public List<Contestant> contestants() {
    if (optimizers == null) {
      return Contestant.ALL.stream().filter(Contestant::byDefault).toList();
    }
    List<String> all = Contestant.ALL.stream().map(Contestant::name).toList();
    Set<String> names = matching(optimizers, all);
    return Contestant.ALL.stream().filter(contestant -> names.contains(contestant.name())).toList();
  }

  private static Set<String> matching(List<String> patterns, List<String> all) {
    Set<String> names = new LinkedHashSet<>();
    for (String pattern : patterns) {
      ByName.Rule<String> rule = new ByName.Rule<>(pattern, "");
      List<String> found = all.stream().filter(rule::matches).toList();
      if (found.isEmpty()) {
        throw new UserError(
            "--optimizers: no optimizer is called '%s'; there are %s (* stands for any characters)"
                .formatted(pattern, Names.listed(all, "and")));
      }
      names.addAll(found);
    }
    return names;
  }

  /**
   * The numbers of threads, each once.
   *
   * @param err gets a warning if there are fewer processors
   * @throws UserError if one is out of range
   */
  public List<Integer> threads(PrintWriter err) {
    int processors = Runtime.getRuntime().availableProcessors();
    if (threads == null) {
      return processors == 1 ? List.of(1) : List.of(1, 2);
    }
    for (int n : threads) {
      OptionChecks.requireCount("--threads", n, 1 << 10);
      if (n > processors) {
        err.printf("mincover: %d threads share %d processors; figures will vary%n", n, processors);
      }
    }
    return List.copyOf(new LinkedHashSet<>(threads));
  }

  /**
   * The number of threads that step a whole model.
   *
   * @param err gets a warning if there are fewer processors
   * @throws UserError if several are given, or it is out of range
   */
  public int threadsOfModel(PrintWriter err) {
    List<Integer> numbers = threads(err);
    if (threads != null && numbers.size() > 1) {
      throw new UserError(
          "--threads names %d numbers; give one with --model".formatted(numbers.size()));
    }
    return numbers.getLast();
  }

  /**
   * The time for all measurements.
   *
   * @throws UserError if it is out of range
   */
  public Duration time() {
    double time = seconds == null ? SECONDS : seconds;
    if (!(time >= 1 && time <= 86_400)) {
      throw new UserError(
          "--seconds is %s; it must be at least 1 and at most 86400, for example 110"
              .formatted(time));
    }
    return Duration.ofMillis((long) (1000 * time));
  }

  /** The option {@code --json}. */
  public JsonOption json() {
    return json;
  }

  /**
   * Refuses options of the table, which have no effect on a whole model.
   *
   * @throws UserError naming one of them
   */
  public void requireNoneOfTable() {
    require("--shapes", shapes);
    require("--optimizers", optimizers);
    require("--seconds", seconds);
    require("--device", device);
    require("--json", json.isGiven() ? json : null);
  }

  private static void require(String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError("%s is for the table; leave it out with --model".formatted(option));
    }
  }
}
