package dev.mincover.lab.option;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the learning rate. Shares are of the steps of the run. */
@HelpSection("Learning rate")
final class RateOptions {

  @Option(
      names = "--learning-rate",
      paramLabel = "ETA",
      description =
          "The highest one. Default: 0.08 for sm3, 0.04 for both adagrads, 0.002 for both adams,"
              + " 0.1 for torch-fused-sgd; adafactor's steps are relative to the weights unless it is"
              + " given")
  @Nullable Double learningRate;

  @Option(
      names = "--schedule",
      paramLabel = "SHAPE",
      description =
          "Between warm-up and cool-down: constant, inverse-sqrt, or such as"
              + " piecewise:0.5@0.6,0.1@0.8 (half of it after 60 %% of the steps, a tenth after"
              + " 80 %%). Default: constant")
  @Nullable String schedule;

  @Option(
      names = "--warmup",
      paramLabel = "SHARE",
      description =
          "Share of the steps over which the rate rises. Default: 0.3 for sm3 and both adagrads,"
              + " 0.05 for others")
  @Nullable Double warmup;

  @Option(
      names = "--warmup-power",
      paramLabel = "P",
      description = "1 rises linearly, 2 quadratically. Default: 2")
  @Nullable Double warmupPower;

  @Option(
      names = "--cooldown",
      paramLabel = "SHARE",
      description = "Share of the steps over which the rate sinks to 0 at the end.")
  double cooldown = 0.10;

  @Option(
      names = "--rate-multiplier",
      paramLabel = "PATTERN=FACTOR",
      description = "Times FACTOR for parameters whose names match. Repeatable.")
  @Nullable List<String> multipliers;
}
