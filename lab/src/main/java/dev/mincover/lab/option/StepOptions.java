package dev.mincover.lab.option;

import dev.mincover.lab.optimizer.CoreRecipes;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of weight decay, clipping, the guard, rounding and averages. */
@HelpSection("Gradients and weights")
final class StepOptions {

  @Option(
      names = "--weight-decay",
      paramLabel = "LAMBDA",
      description = "Shrinks every weight by its learning rate times LAMBDA at each step.")
  double weightDecay;

  @Option(
      names = "--no-decay",
      arity = "1..*",
      paramLabel = "PATTERN",
      description =
          "Parameters that do not decay; none lets all decay. Default: *.bias and *ln_* (biases and"
              + " norms)")
  @Nullable List<String> noDecay;

  @Option(
      names = "--clip",
      paramLabel = "NORM",
      description = "Scales the gradients of a step so that their common norm is at most NORM.")
  @Nullable Double clipNorm;

  @Option(
      names = "--clip-value",
      paramLabel = "V",
      description = "Limits the magnitude of each gradient value to V, before --clip.")
  @Nullable Double clipValue;

  @Option(
      names = "--maximise",
      description = "Maximises the loss instead of minimising it. For experiments.")
  boolean maximise;

  @Option(
      names = "--guard",
      paramLabel = "WHAT",
      description =
          "What happens if a gradient is not finite: refuse ends the run, skip leaves the step out,"
              + " unchecked does not look, which saves time. A loss that is not finite always ends"
              + " the run.")
  String guard = "refuse";

  @Option(
      names = "--rounding",
      paramLabel = "HOW",
      description = "Rounding of 16-bit weights and momentum: nearest or stochastic.")
  String rounding = CoreRecipes.NEAREST;

  @Option(
      names = "--average",
      paramLabel = "KIND",
      description =
          "Average of the weights that is validated and saved instead of the last weights: none, a"
              + " moving average such as polyak:0.999, or the mean over the last share of the steps"
              + " such as tail:0.1.")
  String average = OptimizerSettings.NO_AVERAGE;
}
