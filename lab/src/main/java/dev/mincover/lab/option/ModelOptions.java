package dev.mincover.lab.option;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.task.ModelChoice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of the model to train. */
@HelpSection("Model")
public final class ModelOptions {

  @Option(
      names = "--layers",
      paramLabel = "N",
      description =
          "Number of transformer blocks, in each half of a translator; of convolutions. Default: 4 for"
              + " lm and mlm, 2 for translation and image.")
  private @Nullable Integer layers;

  @Option(
      names = "--width",
      paramLabel = "N",
      description =
          "Size of the vector that represents a byte; channels of the first convolution. Default:"
              + " 128; 16 for image.")
  private @Nullable Integer width;

  @Option(
      names = "--heads",
      paramLabel = "N",
      description =
          "Attention heads per block. The width must be a multiple of it. Default: 4; image has"
              + " none.")
  private @Nullable Integer heads;

  @Option(
      names = "--context",
      paramLabel = "N",
      description =
          "Bytes per window of text, or at most in a sentence; longer pairs are left out. Default: 128"
              + " for lm, 64 for mlm and translation; image has none.")
  private @Nullable Integer context;

  @Option(
      names = "--untied",
      description =
          "Uses a separate matrix for the output layer of lm. The embedding's gradients are then sparse"
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
   * Returns what the options choose.
   *
   * @throws dev.mincover.lab.common.UserError if the type of the weights is unknown
   */
  public ModelChoice choice() {
    return new ModelChoice(
        layers, width, heads, context, untied, Names.parse("--weights", weights, WeightType.class));
  }
}
