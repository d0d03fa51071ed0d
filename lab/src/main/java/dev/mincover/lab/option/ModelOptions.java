package dev.mincover.lab.option;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.OptionChecks;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import picocli.CommandLine.Option;

/** The options of the model to train. */
@HelpSection("Model")
public final class ModelOptions {

  @Option(names = "--layers", paramLabel = "N", description = "Number of transformer blocks.")
  private int layers = 4;

  @Option(
      names = "--width",
      paramLabel = "N",
      description = "Size of the vector that represents a byte.")
  private int width = 128;

  @Option(
      names = "--heads",
      paramLabel = "N",
      description = "Attention heads per block. The width must be a multiple of it.")
  private int heads = 4;

  @Option(names = "--context", paramLabel = "N", description = "Bytes per window of text.")
  private int context = 128;

  @Option(
      names = "--untied",
      description =
          "Uses a separate matrix for the output layer. The embedding's gradients are then sparse"
              + " with sm3 and adagrad: momentum and decay change only the rows of bytes in the"
              + " batch.")
  private boolean untied;

  @Option(
      names = "--weights",
      paramLabel = "TYPE",
      description =
          "Type of all weights: float32, bfloat16 or float16. With 16 bits, small steps are lost"
              + " unless --rounding is stochastic.")
  private String weights = "float32";

  /**
   * Returns the size of the model.
   *
   * @throws dev.mincover.lab.common.UserError if it is out of range
   */
  public GptConfig config() {
    return OptionChecks.valid(() -> new GptConfig(layers, width, heads, context, !untied));
  }

  /**
   * Returns the type of the weights.
   *
   * @throws dev.mincover.lab.common.UserError if it is unknown
   */
  public WeightType weights() {
    return Names.parse("--weights", weights, WeightType.class);
  }
}
