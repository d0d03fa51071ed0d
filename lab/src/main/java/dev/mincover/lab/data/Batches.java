package dev.mincover.lab.data;

import dev.mincover.lab.common.Seed;
import java.util.random.RandomGenerator;

/**
 * Training batches: windows at uniformly random offsets of a text, drawn by the JDK's {@code
 * L64X128MixRandom}. Equal texts, seeds and sequences of batch shapes give equal batches. For use
 * by one thread.
 */
public final class Batches {
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
   * @throws IllegalArgumentException if the text is shorter than {@code context + 1} bytes
   */
  public void fill(Batch batch) {
    int offsets = offsets(batch.context());
    for (int row = 0; row < batch.size(); row++) {
      batch.fillRow(row, text, random.nextInt(offsets));
    }
  }

  /**
   * Draws windows and drops them: what comes next is what would come after them. Takes about 10 ns
   * a window.
   *
   * @param windows how many
   * @param context bytes in each
   * @throws IllegalArgumentException as {@link #fill}
   */
  public void skip(long windows, int context) {
    int offsets = offsets(context);
    for (long i = 0; i < windows; i++) {
      random.nextInt(offsets);
    }
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
