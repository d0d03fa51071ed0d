package dev.mincover.lab.option;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose how gradients become updates. */
@HelpSection("Optimizer")
final class RuleOptions {

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description =
          "sm3, adagrad, adam or adafactor; or one of libtorch's own: torch-fused-adam,"
              + " torch-fused-adagrad or torch-fused-sgd. These take only the options of the learning"
              + " rate except --rate-multiplier, --momentum, and the options below that name them.")
  String name = "sm3";

  @Option(
      names = "--algorithm",
      paramLabel = "NAME",
      description = "Algorithm of the paper: sm3-i or sm3-ii. For sm3. Default: sm3-ii")
  @Nullable String algorithm;

  @Option(
      names = "--cover",
      paramLabel = "[PATTERN=]COVER",
      description =
          "The sets of weights that share an accumulator: slices (rows and columns), rows, columns,"
              + " axes such as axes:0,2, singletons, whole, or sets:FILE (a JSON array of arrays of"
              + " row-major indices). Without PATTERN it applies to all parameters; rows, columns and"
              + " axes apply to all matrices. Repeatable. For sm3. Default: slices")
  @Nullable List<String> cover;

  @Option(
      names = "--momentum",
      paramLabel = "BETA",
      description =
          "The share of past updates that is kept, at least 0 and below 1. 0 needs no memory, except"
              + " for adam, where it is beta1. Not for torch-fused-adagrad. Default: 0.9; 0 for adagrad"
              + " and adafactor")
  @Nullable Double momentum;

  @Option(
      names = "--momentum-kind",
      paramLabel = "KIND",
      description =
          "Kind of momentum: average, heavy-ball or nesterov. For sm3, adagrad and adafactor."
              + " Default: average")
  @Nullable String momentumKind;

  @Option(
      names = "--momentum-format",
      paramLabel = "TYPE",
      description =
          "Type in which momentum is stored: float32, bfloat16 or int8, with 4, 2 or 1 bytes per"
              + " weight. For sm3, adagrad and adafactor. Default: float32")
  @Nullable String momentumFormat;

  @Option(
      names = "--beta2",
      paramLabel = "BETA",
      description =
          "The share of past squared gradients that is kept; 1 keeps their sum. For sm3, adam and"
              + " torch-fused-adam. Default: 1 for sm3, 0.999 for the others")
  @Nullable Double beta2;

  @Option(
      names = "--epsilon",
      paramLabel = "E",
      description =
          "For sm3 and adagrad it is added to nu under the root; for adam, torch-fused-adam and"
              + " torch-fused-adagrad it is added to the denominator. Default: 0 for sm3 and adagrad,"
              + " 1e-8 for adam and torch-fused-adam, 1e-10 for torch-fused-adagrad")
  @Nullable Double epsilon;
}
