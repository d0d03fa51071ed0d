package dev.mincover.lab.command;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.compare.Budget;
import dev.mincover.lab.compare.ComparedOptimizer;
import dev.mincover.lab.compare.ComparisonOutput;
import dev.mincover.lab.compare.ComparisonPlan;
import dev.mincover.lab.compare.ComparisonRunner;
import dev.mincover.lab.compare.Sweep;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.option.CompareOptions;
import dev.mincover.lab.option.ModelOptions;
import dev.mincover.lab.option.SweepOptions;
import dev.mincover.lab.option.TextOptions;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.train.LanguageTask;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mincover compare}: the same training with SM3 and with other optimizers. */
@Command(
    name = "compare",
    description = {
      "Trains the same model with SM3, Adam, AdaGrad, Adafactor and SGD, and prints quality, memory"
          + " and speed side by side. All trainings start from the same weights and see the same"
          + " batches. Each optimizer has a learning rate and a warm-up tuned for it. Adam, AdaGrad"
          + " and SGD are libtorch's own fused kernels. Every training is a 'mincover train' in a"
          + " process of its own.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "The directory gets comparison.json, sweep.json after a search, report.html, and a run"
          + " directory for each training: <optimizer> or <optimizer>-seed<S>. Ctrl-C stops the"
          + " comparison; the results of finished trainings are kept and printed.",
      "",
      "Examples:",
      "  mincover compare --budget 5m",
      "  mincover compare --optimizers 'sm3*,adam' --seeds 1,2,3 --steps 1600",
      "  mincover compare --sweep-only --optimizers sm3,adam --steps 800 --json -",
      "  mincover compare --corpus notes/ --layers 2 --sweep --budget 1h"
    })
public final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private CompareOptions compareOptions = new CompareOptions();

  @Mixin private SweepOptions sweepOptions = new SweepOptions();

  @Mixin private TextOptions textOptions = new TextOptions();

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  /** Checks everything, then compares. */
  @Override
  public Integer call() {
    TextOptions text = textOptions.checked();
    text.chooseCode();
    WeightType weights = modelOptions.weights();
    GptConfig config = modelOptions.config();
    List<ComparedOptimizer> optimizers = ComparedOptimizer.named(compareOptions.optimizers());
    Long steps = compareOptions.steps();
    for (ComparedOptimizer optimizer : optimizers) {
      OptimizerRecipe.of(optimizer.settings(weights), steps == null ? 1 : steps, 0);
    }
    Budget budget = Budget.parse(compareOptions.budget());
    if (sweepOptions.isOnly() && compareOptions.isOpened()) {
      throw new UserError(
          "--open has no effect with --sweep-only, which leaves no report; leave one of them out");
    }
    List<Long> seeds = compareOptions.seeds();
    ComparisonPlan.Search search = search(seeds, steps);
    compareOptions.json().check();
    RunDirectory directory = compareOptions.directory();
    Corpus corpus = text.corpus();
    corpus.requireContext(config.context());
    ComparisonPlan plan =
        new ComparisonPlan(
            new LanguageTask(config, weights, text.batch, corpus),
            optimizers,
            seeds,
            text.threads(),
            new ComparisonPlan.Length(steps, budget),
            search);
    ComparisonOutput output =
        new ComparisonOutput(directory, compareOptions.json(), compareOptions.isOpened());
    return new ComparisonRunner(plan, trainCommand(), output)
        .run(spec.commandLine().getOut(), spec.commandLine().getErr());
  }

  private ComparisonPlan.@Nullable Search search(List<Long> seeds, @Nullable Long steps) {
    if (!sweepOptions.isChosen()) {
      sweepOptions.requireNone();
      return null;
    }
    Sweep sweep =
        new Sweep(
            sweepOptions.rates(),
            sweepOptions.warmups(),
            steps == null ? 1 : steps,
            sweepOptions.seeds(seeds));
    return new ComparisonPlan.Search(sweep, sweepOptions.isOnly());
  }

  /** The main class, {@code train} and the options that all trainings have in common. */
  private List<String> trainCommand() {
    List<String> train = new ArrayList<>();
    train.add(spec.root().userObject().getClass().getName());
    train.add("train");
    train.addAll(modelOptions.arguments());
    train.addAll(textOptions.arguments());
    return train;
  }
}
