package dev.mincover.lab.command;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.compare.Budget;
import dev.mincover.lab.compare.ComparedOptimizer;
import dev.mincover.lab.compare.ComparisonOutput;
import dev.mincover.lab.compare.ComparisonRequest;
import dev.mincover.lab.compare.ComparisonRunner;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.option.CompareOptions;
import dev.mincover.lab.option.DataOptions;
import dev.mincover.lab.option.ModelOptions;
import dev.mincover.lab.option.ResumeOptions;
import dev.mincover.lab.option.SweepOptions;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.task.ModelChoice;
import dev.mincover.lab.task.Task;
import dev.mincover.lab.task.TaskType;
import java.io.PrintWriter;
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
          + " comparison; the results of finished trainings are kept and printed, and --resume goes"
          + " on.",
      "",
      "Examples:",
      "  mincover compare --budget 5m",
      "  mincover compare --optimizers 'sm3*,adam' --seeds 1,2,3 --steps 1600",
      "  mincover compare --sweep-only --optimizers sm3,adam --steps 800 --json -",
      "  mincover compare --corpus notes/ --layers 2 --sweep --budget 1h",
      "  mincover compare --resume runs/2026-03-04T15-06-07-compare"
    })
public final class CompareCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private CompareOptions compareOptions = new CompareOptions();

  @Mixin private SweepOptions sweepOptions = new SweepOptions();

  @Mixin private DataOptions dataOptions = new DataOptions();

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  /** Checks everything, then compares. */
  @Override
  public Integer call() {
    RunDirectory resumed = compareOptions.resumed(ResumeOptions.given(spec));
    compareOptions.json().check();
    return resumed == null ? compare() : resume(resumed);
  }

  private int compare() {
    DataOptions data = dataOptions.checked();
    data.chooseCode();
    TaskType type = data.type();
    ModelChoice choice = modelOptions.choice();
    Summary.Model size = choice.orElse(type.kind(), type.size());
    type.check(size);
    List<ComparedOptimizer> optimizers = ComparedOptimizer.named(compareOptions.optimizers(), type);
    Long steps = compareOptions.steps();
    for (ComparedOptimizer optimizer : optimizers) {
      OptimizerRecipe.of(optimizer.settings(choice.weights()), steps == null ? 1 : steps, 0);
    }
    Budget budget = Budget.parse(compareOptions.budget());
    if (sweepOptions.isOnly() && compareOptions.isOpened()) {
      throw new UserError(
          "--open has no effect with --sweep-only, which leaves no report; leave one of them out");
    }
    List<Long> seeds = compareOptions.seeds();
    ComparisonRequest.Search search = search(seeds);
    RunDirectory directory = compareOptions.directory();
    Task task = type.task(size, data.data());
    ComparisonRequest request =
        new ComparisonRequest(
            size,
            data.data(),
            task.digest(),
            data.threads(),
            data.isPortable(),
            optimizers.stream().map(ComparedOptimizer::name).toList(),
            seeds,
            new ComparisonRequest.Length(steps, budget.text()),
            search,
            ComparisonRequest.Chosen.NOTHING);
    return runner(request, task, directory).run(out(), err());
  }

  private int resume(RunDirectory directory) {
    ComparisonRequest request = ComparisonRequest.read(directory);
    DataOptions.chooseCode(request.portable());
    return runner(request, request.task(), directory).resume(out(), err());
  }

  private ComparisonRunner runner(ComparisonRequest request, Task task, RunDirectory directory) {
    return new ComparisonRunner(
        request,
        request.plan(task),
        spec.root().userObject().getClass().getName(),
        new ComparisonOutput(directory, compareOptions.json(), compareOptions.isOpened()));
  }

  private ComparisonRequest.@Nullable Search search(List<Long> seeds) {
    if (!sweepOptions.isChosen()) {
      sweepOptions.requireNone();
      return null;
    }
    return new ComparisonRequest.Search(
        sweepOptions.rates(),
        sweepOptions.warmups(),
        sweepOptions.seeds(seeds),
        sweepOptions.isOnly());
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
