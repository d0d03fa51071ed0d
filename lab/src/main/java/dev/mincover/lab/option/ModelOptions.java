package dev.mincover.lab.option;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;

/** The options of the model to train. */
@HelpSection("Model")
public final class ModelOptions {

  @Option(names = "--layers", paramLabel = "N", description = "Transformer blocks.")
  private int layers = 4;

  @Option(names = "--width", paramLabel = "N", description = "Values a byte is embedded in.")
  private int width = 128;

  @Option(names = "--heads", paramLabel = "N", description = "Attention heads; divide the width.")
  private int heads = 4;

  @Option(names = "--context", paramLabel = "N", description = "Bytes in a window.")
  private int context = 128;

  @Option(
      names = "--untied",
      description =
          "Reads bytes out with a matrix of its own. The embedding's gradients are then sparse"
              + " with sm3 and adagrad: momentum and decay reach the rows of a batch's bytes only.")
  private boolean untied;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description =
          "Type of all weights: float32, bfloat16 or float16. In 16 bits small steps are lost"
              + " without --rounding stochastic.")
  private String weights = "float32";

  /** Checks the size. */
  public GptConfig config() {
    return OptionChecks.valid(() -> new GptConfig(layers, width, heads, context, !untied));
  }

  /** What chooses the same on a command line. */
  public List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    arguments.addAll(List.of("--layers", "" + layers, "--width", "" + width));
    arguments.addAll(List.of("--heads", "" + heads, "--context", "" + context));
    arguments.addAll(List.of("--weights", weights));
    if (untied) {
      arguments.add("--untied");
    }
    return arguments;
  }

  /** Checks the type. */
  public WeightType weights() {
    return Names.parse("--weights", weights, WeightType.class);
  }
}
