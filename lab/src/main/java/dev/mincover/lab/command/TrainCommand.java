package dev.mincover.lab.command;

import dev.mincover.lab.optimizer.OptimizerRecipe;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.option.DataOptions;
import dev.mincover.lab.option.ModelOptions;
import dev.mincover.lab.option.OptimizerOptions;
import dev.mincover.lab.option.ResumeOptions;
import dev.mincover.lab.option.TrainOptions;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.task.ModelChoice;
import dev.mincover.lab.task.TaskType;
import dev.mincover.lab.train.CheckpointSchedule;
import dev.mincover.lab.train.TrainingRequest;
import dev.mincover.lab.train.TrainingRunner;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code mincover train}: trains a model and writes a run directory. */
@Command(
    name = "train",
    description = {
      "Trains a small model with SM3 or another optimizer: a GPT over bytes on Java source text or on"
          + " your own, or with --task an encoder like BERT, a translator, or a classifier of"
          + " pictures.",
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
          + " statistics.safetensors, report.html and checkpoints, also after Ctrl-C; tasks but lm add"
          + " examples.json.",
      "",
      "Examples:",
      "  mincover train --corpus notes/ --steps 5000 --out runs/notes",
      "  mincover train --momentum-format int8 --weight-decay 0.01 --clip 1",
      "  mincover train --optimizer adam --schedule inverse-sqrt",
      "  mincover train --task translation --source en.txt --target fr.txt",
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
    DataOptions data = options.data;
    data.chooseCode();
    TaskType type = data.type();
    ModelChoice choice = modelOptions.choice();
    Summary.Model size = choice.orElse(type.kind(), type.size());
    type.check(size);
    OptimizerSettings settings = optimizerOptions.settings(choice.weights(), type);
    OptimizerRecipe.of(settings, options.steps(), options.seed); // Refused before data are read.
    TrainingRequest.Output output =
        new TrainingRequest.Output(options.statistics(), options.sample, options.reports());
    CheckpointSchedule checkpoints = options.checkpoints();
    RunDirectory directory = options.directory(settings.name());
    TrainingRequest request =
        new TrainingRequest(
            size,
            data.data(),
            settings,
            options.steps(),
            options.seed,
            data.threads(),
            data.isPortable(),
            output,
            checkpoints);
    return new TrainingRunner(request, request.plan(), directory, options.open).run(out(), err());
  }

  private int resume(RunDirectory directory) {
    TrainingRequest request =
        trainOptions.resumed(TrainingRequest.read(directory), ResumeOptions.given(spec));
    DataOptions.chooseCode(request.portable());
    return new TrainingRunner(request, request.plan(), directory, trainOptions.open)
        .resume(out(), err());
  }

  private PrintWriter out() {
    return spec.commandLine().getOut();
  }

  private PrintWriter err() {
    return spec.commandLine().getErr();
  }
}
