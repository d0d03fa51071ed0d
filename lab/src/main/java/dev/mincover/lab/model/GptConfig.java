package dev.mincover.lab.model;

/**
 * The size of a {@link Gpt} over bytes.
 *
 * @param layers number of blocks, 1 to 1024
 * @param width size of the vector that represents a byte, a multiple of {@code heads}, up to 16384
 * @param heads attention heads per block, at least 1
 * @param context bytes seen at once, 1 to 65536
 * @param tied whether one matrix is both the embedding and the output layer
 */
public record GptConfig(int layers, int width, int heads, int context, boolean tied) {

  /** The number of different bytes. */
  static final int VOCABULARY = 256;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException naming the option, its value and the remedy
   */
  public GptConfig {
    requireBetween("layers", layers, 1 << 10);
    requireBetween("width", width, 1 << 14);
    requireBetween("heads", heads, 1 << 14);
    requireBetween("context", context, 1 << 16);
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width %d is not divisible by heads %d; choose a multiple, for example %d"
              .formatted(width, heads, (width / heads + 1L) * heads));
    }
  }

  /** The size of a tied model. */
  public GptConfig(int layers, int width, int heads, int context) {
    this(layers, width, heads, context, true);
  }

  /**
   * Returns the number of weights: embeddings, blocks, the last norm, and the output layer if it is
   * untied.
   */
  public long parameterCount() {
    long w = width;
    long attention = w * 3 * w + 3 * w + w * w + w;
    long feedForward = w * 4 * w + 4 * w + 4 * w * w + w;
    long norms = 4 * w;
    long embeddings = ((tied ? 1 : 2) * VOCABULARY + context) * w;
    return embeddings + layers * (attention + feedForward + norms) + 2 * w;
  }

  private static void requireBetween(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(
          "%s is %d; it must be at least 1 and at most %d".formatted(name, value, most));
    }
  }
}
