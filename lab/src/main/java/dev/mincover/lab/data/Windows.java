package dev.mincover.lab.data;

/**
 * Windows spread evenly over a text, to judge a model by: always the same ones, and no byte is a
 * target twice.
 */
public final class Windows {
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

  /** Number of windows. */
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

  /**
   * Overwrites the first rows of the batch with windows {@code first, first + 1, ...}, as many as
   * there are.
   *
   * @param first from 0, less than {@link #count}
   * @param batch of this {@link #context}
   * @return the rows written, from 1 to {@code batch.size()}; the rows after them are as they were
   * @throws IllegalArgumentException if the batch has another context
   * @throws IndexOutOfBoundsException if there is no window {@code first}
   */
  public int fill(int first, Batch batch) {
    if (batch.context() != context) {
      throw new IllegalArgumentException(
          "the batch has a context of " + batch.context() + ", the windows of " + context);
    }
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
