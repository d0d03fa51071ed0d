package dev.mincover.lab.command;

import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.option.ModelOptions;
import dev.mincover.lab.option.OptimizerOptions;
import dev.mincover.lab.option.ResumeOptions;
import dev.mincover.lab.option.TextOptions;
import dev.mincover.lab.option.TrainOptions;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.train.CheckpointSchedule;
import dev.mincover.lab.train.LanguageTask;
import dev.mincover.lab.train.TrainingPlan;
import dev.mincover.lab.train.TrainingRequest;
import dev.mincover.lab.train.TrainingRunner;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mincover train}: trains a language model and writes a run directory. */
@Command(
    name = "train",
    description = {
      "Trains a small GPT over bytes with SM3 or another optimizer, on Java source text or on your"
          + " own text.",
      ""
    },
    abbreviateSynopsis = true,
    mixinStandardHelpOptions = true,
    showDefaultValues = true,
    sortOptions = false,
    footer = {
      "",
      "A PATTERN matches names of parameters, such as wte.weight, h.0.mlp.c_fc.bias or ln_f.weight;"
          + " * stands for any characters. docs/reference/options.md has the formulas.",
      "",
      "The run directory gets metrics.csv (a row per step), summary.json, model.safetensors,"
          + " statistics.safetensors, report.html and checkpoints, also after Ctrl-C.",
      "",
      "Examples:",
      "  mincover train --corpus notes/ --steps 5000 --out runs/notes",
      "  mincover train --momentum-format int8 --weight-decay 0.01 --clip 1",
      "  mincover train --optimizer adam --schedule inverse-sqrt",
      "  mincover train --steps 400 --statistics 'h.0.*' wte.weight",
      "  mincover train --resume runs/notes",
      "  mincover generate runs/notes --prompt \"Dear \""
    })
public final class TrainCommand implements Callable<Integer> {

  @Spec private CommandSpec spec;

  @Mixin private TrainOptions trainOptions = new TrainOptions();

  @Mixin private ModelOptions modelOptions = new ModelOptions();

  @Mixin private OptimizerOptions optimizerOptions = new OptimizerOptions();

  /** Checks everything, then trains. */
  @Override
  public Integer call() {
    RunDirectory resumed = trainOptions.resumed();
    return resumed == null ? train() : resume(resumed);
  }

  private int train() {
    TrainOptions options = trainOptions.checked();
    options.text.chooseCode();
    WeightType weights = modelOptions.weights();
    GptConfig config = modelOptions.config();
    OptimizerSettings settings = optimizerOptions.settings(weights);
    OptimizerRecipe recipe = OptimizerRecipe.of(settings, options.steps, options.seed);
    TrainingRequest.Output output =
        new TrainingRequest.Output(options.statistics(), options.sample, options.reports());
    CheckpointSchedule checkpoints = options.checkpoints();
    RunDirectory directory = options.directory(settings.name());
    Corpus text = options.text.corpus();
    text.requireContext(config.context());
    LanguageTask task = new LanguageTask(config, weights, options.text.batch, text);
    TrainingPlan plan =
        new TrainingPlan(
            task, settings, recipe, options.steps, options.seed, options.text.threads());
    TrainingRequest request =
        new TrainingRequest(
            task.modelSummary(),
            new TrainingRequest.Text(options.text.absolutePaths(), options.text.batch),
            settings,
            options.steps,
            options.seed,
            options.text.threads(),
            options.text.isPortable(),
            output,
            checkpoints);
    return new TrainingRunner(request, plan, directory, options.open).run(out(), err());
  }

  private int resume(RunDirectory directory) {
    TrainingRequest request =
        trainOptions.resumed(TrainingRequest.read(directory), ResumeOptions.given(spec));
    TextOptions.chooseCode(request.portable());
    TrainingPlan plan = request.plan(TextOptions.corpus(request.text().paths()));
    return new TrainingRunner(request, plan, directory, trainOptions.open).resume(out(), err());
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
