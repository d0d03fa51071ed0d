package dev.mincover.lab.mlm;

import dev.mincover.lab.data.Batch;
import java.util.random.RandomGenerator;

/**
 * Chooses the bytes that an encoder has to guess, as BERT does [1]: 15 % of all positions. Of
 * these, 80 % are masked, 10 % become a random byte, and 10 % stay, so that every byte has to be
 * understood whether or not it is one to guess.
 *
 * <p>[1] Devlin, Chang, Lee and Toutanova, BERT: pre-training of deep bidirectional transformers
 * for language understanding, 2019, section 3.1.
 */
final class Masking {

  /** What stands in the place of a masked byte. */
  static final long MASK = 256;

  private static final double CHOSEN = 0.15;
  private static final double MASKED = 0.8;
  private static final double RANDOM = 0.9;
  private static final int BYTES = 256;

  private final RandomGenerator random;
  private final long[] inputs;
  private final long[] targets;

  Masking(RandomGenerator random, int context) {
    this.random = random;
    inputs = new long[context];
    targets = new long[context];
  }

  /**
   * Overwrites a row with the bytes at {@code offset}. Targets count where a byte was chosen; a row
   * without one counts for nothing.
   */
  void fillRow(Batch batch, int row, byte[] text, int offset) {
    for (int i = 0; i < inputs.length; i++) {
      long original = Byte.toUnsignedLong(text[offset + i]);
      boolean chosen = random.nextDouble() < CHOSEN;
      inputs[i] = chosen ? hidden(original) : original;
      targets[i] = chosen ? original : Batch.IGNORED;
    }
    batch.fillRow(row, inputs, MASK, targets);
  }

  private long hidden(long original) {
    double share = random.nextDouble();
    return share < MASKED ? MASK : share < RANDOM ? random.nextInt(BYTES) : original;
  }
}
