package dev.mincover.lab.data;

/**
 * Windows of text side by side, in buffers that are filled again and again. The target at a place
 * is the byte that follows the input at that place. Bytes are unsigned, 0 to 255, and {@code long}
 * as tensor engines want their indices.
 */
public final class Batch {
  private final int size;
  private final int context;
  private final long[] inputs;
  private final long[] targets;

  /**
   * @param size windows in the batch, at least 1
   * @param context bytes in a window, at least 1
   * @throws IllegalArgumentException if either is less than 1
   */
  public Batch(int size, int context) {
    if (size < 1 || context < 1) {
      throw new IllegalArgumentException(
          "batch " + size + " and context " + context + " must be >= 1");
    }
    this.size = size;
    this.context = context;
    this.inputs = new long[Math.multiplyExact(size, context)];
    this.targets = new long[inputs.length];
  }

  /** Windows in the batch. */
  public int size() {
    return size;
  }

  /** Bytes in a window. */
  public int context() {
    return context;
  }

  /** The buffer itself, {@code size x context} row-major; the next fill overwrites it. */
  public long[] inputs() {
    return inputs;
  }

  /** The buffer itself, {@code size x context} row-major; the next fill overwrites it. */
  public long[] targets() {
    return targets;
  }

  /** Copies the {@code context + 1} bytes at {@code offset} of the text to one row. */
  void fillRow(int row, byte[] text, int offset) {
    int at = row * context;
    for (int i = 0; i < context; i++) {
      inputs[at + i] = Byte.toUnsignedLong(text[offset + i]);
      targets[at + i] = Byte.toUnsignedLong(text[offset + i + 1]);
    }
  }
}
