package dev.mincover.lab.translation;

import dev.mincover.lab.model.GptConfig;

/**
 * The size of a {@link Translator}.
 *
 * @param layers number of blocks in the encoder, and in the decoder, 1 to 1024
 * @param width size of the vector that represents a byte, a multiple of {@code heads}, up to 16384
 * @param heads attention heads per block, at least 1
 * @param context bytes of a sentence at most, 1 to 65535
 */
record TranslatorConfig(int layers, int width, int heads, int context) {

  TranslatorConfig {
    new GptConfig(layers, width, heads, context + 1); // Checks the sizes: its rules are the same.
  }

  /** The number of weights: embeddings, positions, the blocks of both halves, and two norms. */
  long parameterCount() {
    long w = width;
    long block = 12 * w * w + 13 * w;
    long cross = 4 * w * w + 6 * w;
    long embeddings = (Translator.VOCABULARY + 2L * length()) * w;
    return embeddings + layers * (2 * block + cross) + 4 * w;
  }

  /** The most bytes of a sentence, and its end. */
  int length() {
    return context + 1;
  }
}
