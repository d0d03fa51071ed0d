package dev.mincover.lab.data;

import dev.mincover.lab.common.Seed;
import java.util.random.RandomGenerator;

/**
 * Training batches: windows at uniformly random offsets of a text, drawn by the JDK's {@code
 * L64X128MixRandom}. Equal texts, seeds and sequences of batch shapes give equal batches. For use
 * by one thread.
 */
public final class Batches implements Samples {
  private final byte[] text;
  private final RandomGenerator random;

  /**
   * @param text what the windows are taken from; not copied
   * @param seed any number
   */
  public Batches(byte[] text, long seed) {
    this.text = text;
    this.random = Seed.generator(seed);
  }

  /**
   * Overwrites the batch with the next windows. Allocates nothing.
   *
   * @return the bytes in them
   * @throws IllegalArgumentException if the text is shorter than {@code context + 1} bytes
   */
  @Override
  public long fill(Batch batch) {
    int offsets = offsets(batch.inputLength());
    for (int row = 0; row < batch.size(); row++) {
      batch.fillRow(row, text, random.nextInt(offsets));
    }
    return batch.inputs().length;
  }

  /**
   * Takes about 10 ns a window.
   *
   * @throws IllegalArgumentException as {@link #fill}
   */
  @Override
  public long skip(long batches, Batch batch) {
    int offsets = offsets(batch.inputLength());
    long windows = batches * batch.size();
    for (long i = 0; i < windows; i++) {
      random.nextInt(offsets);
    }
    return windows * batch.inputLength();
  }

  private int offsets(int context) {
    int offsets = text.length - context;
    if (offsets < 1) {
      throw new IllegalArgumentException(
          "a context of " + context + " does not fit a text of " + text.length + " bytes");
    }
    return offsets;
  }
}
