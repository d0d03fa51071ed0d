package dev.mincover.lab.image;

/**
 * The size of a {@link ConvolutionalNetwork}.
 *
 * @param layers number of convolutions, 1 to 4
 * @param width channels of the first convolution, 1 to 1024; each later one has twice as many as
 *     the one before
 */
record ConvolutionConfig(int layers, int width) {

  /** Outputs of the layer before the last. */
  static final int HIDDEN = 128;

  private static final int MOST_LAYERS = 4; // Of 28 pixels, 1 is left.
  private static final int MOST_CHANNELS = 1 << 10;

  ConvolutionConfig {
    if (layers < 1 || layers > MOST_LAYERS) {
      throw new IllegalArgumentException(
          "layers is %d; it must be at least 1 and at most %d: each halves the picture"
              .formatted(layers, MOST_LAYERS));
    }
    if (width < 1 || width > MOST_CHANNELS) {
      throw new IllegalArgumentException(
          "width is %d; it must be at least 1 and at most %d".formatted(width, MOST_CHANNELS));
    }
  }

  /** Channels of a convolution. */
  int channels(int layer) {
    return width << layer;
  }

  /** Numbers that are left of a picture after the last convolution. */
  int features() {
    int side = Digits.SIDE >> layers;
    return channels(layers - 1) * side * side;
  }

  /** The number of weights. */
  long parameterCount() {
    long count = 0;
    for (int layer = 0; layer < layers; layer++) {
      long inputs = layer == 0 ? 1 : channels(layer - 1);
      count += channels(layer) * (9 * inputs + 1);
    }
    return count + HIDDEN * (features() + 1L) + Digits.CLASSES * (HIDDEN + 1L);
  }
}
