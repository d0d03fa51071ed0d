package dev.mincover.lab.option;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the learning rate over a run. Shares are of the number of steps. */
@HelpSection("Learning rate")
final class RateOptions {

  @Option(
      names = "--learning-rate",
      paramLabel = "ETA",
      description =
          "The highest learning rate of the run. Default for lm: 0.08 for sm3, 0.04 for adagrad and"
              + " torch-fused-adagrad, 0.002 for adam and torch-fused-adam, 0.1 for torch-fused-sgd."
              + " mlm has 0.05 for sm3 and 0.0005 for adam. Without it, the steps of adafactor are"
              + " relative to the weights.")
  @Nullable Double learningRate;

  @Option(
      names = "--schedule",
      paramLabel = "SHAPE",
      description =
          "Shape of the learning rate between warm-up and cool-down: constant, inverse-sqrt, or"
              + " piecewise:FACTOR@SHARE,... Example: piecewise:0.5@0.6,0.1@0.8 is half the rate"
              + " after 60 %% of the steps and a tenth after 80 %%. Default: constant")
  @Nullable String schedule;

  @Option(
      names = "--warmup",
      paramLabel = "SHARE",
      description =
          "Share of the steps over which the rate rises from 0. Default: 0.3 for sm3, adagrad and"
              + " torch-fused-adagrad; 0.05 for the others; 0.2 for sm3 on mlm")
  @Nullable Double warmup;

  @Option(
      names = "--warmup-power",
      paramLabel = "P",
      description = "Power of the warm-up: 1 is linear, 2 is quadratic. Default: 2")
  @Nullable Double warmupPower;

  @Option(
      names = "--cooldown",
      paramLabel = "SHARE",
      description = "Share of the steps at the end over which the rate falls to 0.")
  double cooldown = 0.10;

  @Option(
      names = "--rate-multiplier",
      paramLabel = "PATTERN=FACTOR",
      description = "Multiplies the rate of matching parameters by FACTOR. Repeatable.")
  @Nullable List<String> multipliers;
}
