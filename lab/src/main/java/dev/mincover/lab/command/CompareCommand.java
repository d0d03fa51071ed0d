package dev.mincover.lab.command;

import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.compare.Budget;
import dev.mincover.lab.compare.ComparedOptimizer;
import dev.mincover.lab.compare.ComparisonRunner;
import dev.mincover.lab.compare.Sweep;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.option.JsonOption;
import dev.mincover.lab.option.ModelOptions;
import dev.mincover.lab.option.TextOptions;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.train.LanguageTask;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mincover compare}: the same training with SM3 and with the optimizers beside it. */
@Command(
    name = "compare",
    description = {
      "Trains the same model, from the same initial weights on the same batches, with SM3, Adam,"
          + " AdaGrad, Adafactor and SGD, each at a learning rate and a warm-up tuned for it, and"
          + " tells quality, memory and speed side by side. Adam, AdaGrad and SGD are libtorch's"
          + " own fused kernels. Every training is a 'mincover train' in a process of its own.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "The directory gets comparison.json, sweep.json after a sweep, and for each training a run",
      "directory, <optimizer> or <optimizer>-seed<S>. After Ctrl-C what has finished is kept and",
      "told. Examples:",
      "  mincover compare --budget 5m",
      "  mincover compare --optimizers 'sm3*,adam' --seeds 1,2,3 --steps 1600 --out runs/momentum",
      "  mincover compare --sweep-only --optimizers sm3,adam --steps 800 --json -",
      "  mincover compare --corpus notes/ --layers 2 --sweep --budget 1h"
    })
public final class CompareCommand implements Callable<Integer> {

  private static final String BUDGET = "10m";
  private static final int RATES = 7;
  private static final List<Double> WARMUPS = List.of(0.05, 0.2, 0.4);
  private static final int SWEEP_SEEDS = 2;

  @Spec private CommandSpec spec;

  @Option(
      names = "--optimizers",
      split = ",",
      paramLabel = "NAME",
      description =
          "What to compare, by comma; * stands for any characters. There are sm3, with momentum in"
              + " float32; sm3-bf16, sm3-int8 and sm3-none, with momentum in bfloat16, in int8 and"
              + " without; adam, adagrad, adafactor and sgd, with momentum. Default: sm3, adam,"
              + " adagrad, adafactor and sgd.")
  private @Nullable List<String> optimizers;

  @Option(
      names = "--seeds",
      split = ",",
      paramLabel = "S",
      description = "Of weights and batches, by comma; each is a training with every optimizer.")
  private List<Long> seeds = List.of(1L);

  @Option(
      names = "--budget",
      paramLabel = "TIME",
      description =
          "Wall time for everything, such as 90s, 5m or 1.5h. As many steps as end in it, the same"
              + " for all optimizers, are chosen after a short measurement. Default: 10m")
  private @Nullable String budget;

  @Option(
      names = "--steps",
      paramLabel = "N",
      description = "Exactly so many steps in each training, however long it takes.")
  private @Nullable Long steps;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Directory for all files; must not exist. Default: runs/<time>-compare.")
  private @Nullable Path out;

  @Mixin private JsonOption json = new JsonOption();

  @Option(
      names = "--open",
      description =
          "Show the report while the trainings go on: serves it to a browser on this machine, which"
              + " loads it anew every 10 s, and opens it if there is a desktop.")
  private boolean open;

  @Option(
      names = "--sweep",
      description =
          "First search for the best learning rate and warm-up of each optimizer, equally long for"
              + " all: rates a factor of 2 apart around the default, each with each of"
              + " --sweep-warmups, are trained for few steps, the better half for twice as many, and"
              + " so on, up to --steps; or in 60 %% of --budget. Then train with what was found.")
  private boolean sweep;

  @Option(names = "--sweep-only", description = "Only search for learning rates and warm-ups.")
  private boolean sweepOnly;

  @Option(
      names = "--sweep-rates",
      paramLabel = "N",
      description = "Learning rates to try with each optimizer. Default: 7")
  private @Nullable Integer sweepRates;

  @Option(
      names = "--sweep-warmups",
      split = ",",
      paramLabel = "SHARE",
      description =
          "Shares of the steps over which the rate rises, to try with each of the rates. Default:"
              + " 0.05,0.2,0.4")
  private @Nullable List<Double> sweepWarmups;

  @Option(
      names = "--sweep-seeds",
      paramLabel = "N",
      description =
          "Seeds over whose mean a rate is judged, those that follow the highest of --seeds."
              + " Default: 2")
  private @Nullable Integer sweepSeeds;

  @Mixin private TextOptions textOptions = new TextOptions();

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  /** Checks everything, then compares. */
  @Override
  public Integer call() {
    TextOptions text = textOptions.checked();
    WeightType weights = modelOptions.weights();
    GptConfig config = modelOptions.config();
    List<ComparedOptimizer> compared =
        optimizers == null ? ComparedOptimizer.defaults() : ComparedOptimizer.named(optimizers);
    Long chosen = steps;
    if (chosen != null) {
      OptionChecks.requireCount("--steps", chosen, 1L << 40);
    }
    for (ComparedOptimizer optimizer : compared) {
      OptimizerRecipe.of(optimizer.settings(weights), chosen == null ? 1 : chosen, 0);
    }
    if (chosen != null && budget != null) {
      throw new UserError(
          "--steps and --budget choose the number of steps twice; give one of them");
    }
    if (sweepOnly && open) {
      throw new UserError(
          "--open has no effect with --sweep-only, which leaves no report; leave one of them out");
    }
    Budget time = Budget.parse(budget == null ? BUDGET : budget);
    List<Long> different = List.copyOf(new LinkedHashSet<>(seeds));
    Sweep search = sweep(different, chosen);
    json.check();
    RunDirectory directory =
        out == null
            ? RunDirectory.byDefault("compare", LocalDateTime.now(ZoneId.systemDefault()))
            : new RunDirectory(out);
    directory.check();
    Corpus corpus = text.corpus();
    corpus.requireContext(config.context());
    List<String> train = new ArrayList<>(List.of(mainClass(), "train"));
    train.addAll(modelOptions.arguments());
    train.addAll(text.arguments());
    ComparisonRunner run =
        new ComparisonRunner(
            new LanguageTask(config, weights, text.batch, corpus),
            compared,
            different,
            text.threads(),
            chosen,
            time,
            search,
            sweepOnly,
            open,
            train,
            directory,
            json);
    return run.run(spec.commandLine().getOut(), spec.commandLine().getErr());
  }

  /** What starts this command line in a JVM of its own. */
  private String mainClass() {
    return spec.root().userObject().getClass().getName();
  }

  private @Nullable Sweep sweep(List<Long> seeds, @Nullable Long steps) {
    if (!sweep && !sweepOnly) {
      for (String option : List.of("--sweep-rates", "--sweep-warmups", "--sweep-seeds")) {
        if (spec.commandLine().getParseResult().hasMatchedOption(option)) {
          throw new UserError("%s has no effect without --sweep; add that".formatted(option));
        }
      }
      return null;
    }
    int rates = sweepRates == null ? RATES : sweepRates;
    List<Double> warmups =
        sweepWarmups == null ? WARMUPS : List.copyOf(new LinkedHashSet<>(sweepWarmups));
    int count = sweepSeeds == null ? SWEEP_SEEDS : sweepSeeds;
    if (rates < 2 || rates > 64) {
      throw new UserError(
          "--sweep-rates is %d; it must be at least 2 and at most 64".formatted(rates));
    }
    warmups.forEach(share -> OptionChecks.requireShare("--sweep-warmups", share, "0.05"));
    OptionChecks.requireCount("--sweep-seeds", count, 1000);
    long highest = seeds.stream().mapToLong(Long::longValue).max().orElse(0);
    List<Long> next = LongStream.rangeClosed(1, count).map(i -> highest + i).boxed().toList();
    return new Sweep(rates, warmups, steps == null ? 1 : steps, next);
  }
}
