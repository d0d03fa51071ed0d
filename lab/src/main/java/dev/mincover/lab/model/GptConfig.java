package dev.mincover.lab.model;

/**
 * The size of a {@link Gpt} over bytes.
 *
 * @param layers blocks, at least 1
 * @param width values a byte is embedded in, a multiple of {@code heads}
 * @param heads of attention in each block, at least 1
 * @param context bytes seen at once, at least 1
 */
public record GptConfig(int layers, int width, int heads, int context) {

  /** Different bytes. */
  static final int VOCABULARY = 256;

  /**
   * Checks the sizes.
   *
   * @throws IllegalArgumentException naming the option, its value and the remedy
   */
  public GptConfig {
    requireAtLeastOne("layers", layers);
    requireAtLeastOne("width", width);
    requireAtLeastOne("heads", heads);
    requireAtLeastOne("context", context);
    if (width % heads != 0) {
      throw new IllegalArgumentException(
          "width %d is not divisible by heads %d; choose a multiple, for example %d"
              .formatted(width, heads, (width / heads + 1L) * heads));
    }
  }

  /** The number of weights: token and position embeddings, blocks, and the last norm. */
  public long parameterCount() {
    long w = width;
    long attention = w * 3 * w + 3 * w + w * w + w;
    long feedForward = w * 4 * w + 4 * w + 4 * w * w + w;
    long norms = 4 * w;
    return (VOCABULARY + context) * w + layers * (attention + feedForward + norms) + 2 * w;
  }

  private static void requireAtLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException("%s is %d; it must be at least 1".formatted(name, value));
    }
  }
}
