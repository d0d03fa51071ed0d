package dev.mincover.lab.option;

import dev.mincover.lab.optimizer.CoreRecipes;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of what surrounds the rule: decay, clipping, guard, rounding and average. */
@HelpSection("Gradients and weights")
final class StepOptions {

  @Option(
      names = "--weight-decay",
      paramLabel = "LAMBDA",
      description = "Shrinks weights by their learning rate x LAMBDA at each step.")
  double weightDecay;

  @Option(
      names = "--no-decay",
      arity = "1..*",
      paramLabel = "PATTERN",
      description =
          "Parameters that do not decay, or none. Default: *.bias and *ln_* (biases and norms)")
  @Nullable List<String> noDecay;

  @Option(
      names = "--clip",
      paramLabel = "NORM",
      description = "Scales all gradients of a step to at most this norm together.")
  @Nullable Double clipNorm;

  @Option(
      names = "--clip-value",
      paramLabel = "V",
      description = "Cuts each gradient to at most this magnitude, before --clip.")
  @Nullable Double clipValue;

  @Option(
      names = "--maximise",
      description = "Climbs the gradient: the loss grows. For experiments.")
  boolean maximise;

  @Option(
      names = "--guard",
      paramLabel = "WHAT",
      description =
          "On a gradient that is not finite: refuse ends the run, skip leaves the step out,"
              + " unchecked sees it too late and saves the time of looking. A loss that is not"
              + " finite ends the run in any case.")
  String guard = "refuse";

  @Option(
      names = "--rounding",
      paramLabel = "HOW",
      description = "Of 16-bit weights and momentum: nearest or stochastic.")
  String rounding = CoreRecipes.NEAREST;

  @Option(
      names = "--average",
      paramLabel = "KIND",
      description =
          "none, or what is validated and saved in place of the last weights: their moving"
              + " average, such as polyak:0.999, or their mean over the last share of the steps,"
              + " such as tail:0.1.")
  String average = OptimizerSettings.NO_AVERAGE;
}
