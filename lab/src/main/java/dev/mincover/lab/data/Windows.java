package dev.mincover.lab.data;

/**
 * Windows spread evenly over a text, to judge a model by: always the same ones, and no byte is a
 * target twice.
 */
public final class Windows implements Validation {
  private final byte[] text;
  private final int context;
  private final int count;

  /**
   * @param text what the windows are taken from; not copied
   * @param context bytes in a window, at least 1
   * @param atMost windows wanted, at least 1; {@link #count} is less where the text is too short
   * @throws IllegalArgumentException if the text is shorter than {@code context + 1} bytes, or a
   *     number is less than 1
   */
  public Windows(byte[] text, int context, int atMost) {
    if (context < 1 || atMost < 1) {
      throw new IllegalArgumentException(
          "context " + context + " and windows " + atMost + " must be >= 1");
    }
    if (text.length <= context) {
      throw new IllegalArgumentException(
          "a context of " + context + " does not fit a text of " + text.length + " bytes");
    }
    this.text = text;
    this.context = context;
    this.count = Math.min(atMost, (text.length - 1) / context);
  }

  @Override
  public int count() {
    return count;
  }

  /** Bytes in a window. */
  public int context() {
    return context;
  }

  /** The text the windows are taken from. */
  byte[] text() {
    return text;
  }

  /** Where in the text the inputs of a window start; its targets start one later. */
  int offset(int window) {
    // Windows lie at least (length - 1) / count >= context apart, and the last one fits.
    return (int) ((text.length - 1L) * window / count);
  }

  @Override
  public int fill(int first, Batch batch) {
    batch.requireInputLength(context);
    if (first < 0 || first >= count) {
      throw new IndexOutOfBoundsException("window " + first + " of " + count);
    }
    int rows = Math.min(batch.size(), count - first);
    for (int row = 0; row < rows; row++) {
      batch.fillRow(row, text, offset(first + row));
    }
    return rows;
  }
}
