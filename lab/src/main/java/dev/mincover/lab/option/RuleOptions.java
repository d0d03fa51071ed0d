package dev.mincover.lab.option;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that choose the rule by which gradients become updates. */
@HelpSection("Optimizer")
final class RuleOptions {

  @Option(
      names = "--optimizer",
      paramLabel = "NAME",
      description =
          "sm3, adagrad, adam or adafactor; or of libtorch's own torch-fused-adam,"
              + " torch-fused-adagrad or torch-fused-sgd, of which only the rates can be chosen,"
              + " --momentum, and what is named below.")
  String name = "sm3";

  @Option(
      names = "--algorithm",
      paramLabel = "NAME",
      description = "sm3-i or sm3-ii of the paper. For sm3. Default: sm3-ii")
  @Nullable String algorithm;

  @Option(
      names = "--cover",
      paramLabel = "[PATTERN=]COVER",
      description =
          "Which weights share an accumulator: slices (rows and columns), rows, columns, such as"
              + " axes:0,2, singletons, whole, or sets:FILE (a JSON array of arrays of row-major"
              + " indices). For all parameters (rows, columns and axes: all"
              + " matrices), or for those whose names match. Repeatable. For sm3. Default: slices")
  @Nullable List<String> cover;

  @Option(
      names = "--momentum",
      paramLabel = "BETA",
      description =
          "How much of past updates stays, at least 0 and below 1; 0 needs no buffer,"
              + " except for adam, whose beta1 it is. Not for torch-fused-adagrad. Default: 0.9,"
              + " but 0 for adagrad and adafactor")
  @Nullable Double momentum;

  @Option(
      names = "--momentum-kind",
      paramLabel = "KIND",
      description =
          "average, heavy-ball or nesterov. For sm3, adagrad and adafactor. Default: average")
  @Nullable String momentumKind;

  @Option(
      names = "--momentum-format",
      paramLabel = "TYPE",
      description =
          "float32, bfloat16 or int8: 4, 2 or 1 bytes a weight. For sm3, adagrad and adafactor."
              + " Default: float32")
  @Nullable String momentumFormat;

  @Option(
      names = "--beta2",
      paramLabel = "BETA",
      description =
          "How much of past squared gradients stays; 1 is their sum. For sm3, adam"
              + " and torch-fused-adam. Default: 1 for sm3, otherwise 0.999")
  @Nullable Double beta2;

  @Option(
      names = "--epsilon",
      paramLabel = "E",
      description =
          "Added to nu under the root; to the denominator for adam, torch-fused-adam and"
              + " torch-fused-adagrad. Not for others. Default: 0 for sm3 and adagrad, 1e-8 for"
              + " both adams, 1e-10 for torch-fused-adagrad")
  @Nullable Double epsilon;
}
