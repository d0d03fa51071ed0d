package dev.mincover.lab.data;

import java.util.Arrays;

/**
 * Samples side by side, in buffers that are filled again and again: a row of inputs and a row of
 * targets for each. Of a language model, both are bytes, and the target at a place is the byte that
 * follows the input at that place. Bytes are unsigned, 0 to 255, and {@code long} as tensor engines
 * want their indices.
 */
public final class Batch {

  /** A target that counts for nothing, as tensor engines have it. */
  public static final long IGNORED = -100;

  private final int size;
  private final int inputLength;
  private final int targetLength;
  private final long[] inputs;
  private final long[] targets;

  /**
   * @param size windows in the batch, at least 1
   * @param context bytes in a window, at least 1
   * @throws IllegalArgumentException if either is less than 1
   */
  public Batch(int size, int context) {
    this(size, context, context);
  }

  /**
   * @param size samples in the batch, at least 1
   * @param inputLength numbers in a row of inputs, at least 1
   * @param targetLength numbers in a row of targets, at least 1
   * @throws IllegalArgumentException if one is less than 1
   */
  public Batch(int size, int inputLength, int targetLength) {
    if (size < 1 || inputLength < 1 || targetLength < 1) {
      throw new IllegalArgumentException(
          "batch %d, inputs %d and targets %d must be >= 1"
              .formatted(size, inputLength, targetLength));
    }
    this.size = size;
    this.inputLength = inputLength;
    this.targetLength = targetLength;
    this.inputs = new long[Math.multiplyExact(size, inputLength)];
    this.targets = new long[Math.multiplyExact(size, targetLength)];
  }

  /** Samples in the batch. */
  public int size() {
    return size;
  }

  /** Numbers in a row of inputs: the bytes of a window. */
  public int inputLength() {
    return inputLength;
  }

  /** Numbers in a row of targets. */
  public int targetLength() {
    return targetLength;
  }

  /** The buffer itself, {@code size x inputLength} row-major; the next fill overwrites it. */
  public long[] inputs() {
    return inputs;
  }

  /** The buffer itself, {@code size x targetLength} row-major; the next fill overwrites it. */
  public long[] targets() {
    return targets;
  }

  /** Returns how many targets of the rows {@code from} to {@code to} count. */
  public int countedTargets(int from, int to) {
    int counted = 0;
    for (int i = from * targetLength; i < to * targetLength; i++) {
      counted += targets[i] == IGNORED ? 0 : 1;
    }
    return counted;
  }

  /**
   * Overwrites a row.
   *
   * @param input at most {@link #inputLength} numbers
   * @param filling what the rest of the inputs becomes
   * @param target at most {@link #targetLength} numbers; the rest of the targets is {@link
   *     #IGNORED}
   */
  public void fillRow(int row, long[] input, long filling, long[] target) {
    fill(inputs, row * inputLength, inputLength, input, filling);
    fill(targets, row * targetLength, targetLength, target, IGNORED);
  }

  private static void fill(long[] buffer, int at, int length, long[] values, long filling) {
    System.arraycopy(values, 0, buffer, at, values.length);
    Arrays.fill(buffer, at + values.length, at + length, filling);
  }

  /** Copies the {@code inputLength + 1} bytes at {@code offset} of the text to one row. */
  void fillRow(int row, byte[] text, int offset) {
    int at = row * inputLength;
    for (int i = 0; i < inputLength; i++) {
      inputs[at + i] = Byte.toUnsignedLong(text[offset + i]);
      targets[at + i] = Byte.toUnsignedLong(text[offset + i + 1]);
    }
  }

  /** Refuses a batch of another shape than the samples. */
  void requireInputLength(int length) {
    if (inputLength != length) {
      throw new IllegalArgumentException(
          "the batch has a context of %d, the windows of %d".formatted(inputLength, length));
    }
  }
}
