package dev.mincover.lab.mlm;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Validation;

/** Windows spread evenly over a text, and in them always the same bytes to guess. */
final class MaskedWindows implements Validation {

  /** The masks are those of the task, not of a run. */
  private static final long SEED = 1;

  private final Batch windows;

  /**
   * @param text at least {@code context} bytes
   * @param atMost windows wanted; fewer where the text is short
   * @throws UserError if there is no byte to guess in so little text
   */
  MaskedWindows(byte[] text, int context, int atMost) {
    int count = Math.min(atMost, text.length / context);
    windows = new Batch(count, context);
    Masking masking = new Masking(Seed.generator(SEED), context);
    for (int i = 0; i < count; i++) {
      int offset = count == 1 ? 0 : (int) ((text.length - (long) context) * i / (count - 1));
      masking.fillRow(windows, i, text, offset);
    }
    if (windows.countedTargets(0, count) == 0) {
      throw new UserError(
          "the corpus is too short: of the %d bytes of its validation text none was chosen to be masked; give more text"
              .formatted(count * context));
    }
  }

  /** All windows. */
  Batch windows() {
    return windows;
  }

  @Override
  public int count() {
    return windows.size();
  }

  @Override
  public int fill(int first, Batch batch) {
    int context = windows.inputLength();
    int rows = Math.min(batch.size(), count() - first);
    System.arraycopy(windows.inputs(), first * context, batch.inputs(), 0, rows * context);
    System.arraycopy(windows.targets(), first * context, batch.targets(), 0, rows * context);
    return rows;
  }
}
