package dev.mincover.lab.translation;

/** Sentences as a model reads and writes them: bytes, then the end. */
final class Symbols {

  private Symbols() {}

  static long[] of(byte[] sentence) {
    long[] symbols = new long[sentence.length + 1];
    for (int i = 0; i < sentence.length; i++) {
      symbols[i] = Byte.toUnsignedLong(sentence[i]);
    }
    symbols[sentence.length] = Translator.END;
    return symbols;
  }
}
