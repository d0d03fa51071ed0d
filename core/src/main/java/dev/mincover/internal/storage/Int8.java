package dev.mincover.internal.storage;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Momentum kept as codes of -127 to 127 in blocks that share a scale: a value is its code times the
 * block's largest magnitude / 127. Blocks restart at every row, so that rows can be updated alone;
 * the last block of a row may be short.
 *
 * <p>A stretch lies in one row, starts on a block and ends on one or with the row. Codes are
 * rounded to nearest [1]. A block too small for a normal scale is kept as zeros [2]; a value that
 * is not finite makes its whole block NaN.
 *
 * <p>[1] So a code of less than 1 / (2 - 2 beta) never decays while a large neighbour holds the
 * scale; on simulated momentum the noise of stochastic rounding costs more. [2] Below 1.5e-36; so
 * the scale's inverse is a finite number.
 *
 * @param codes one byte a value
 * @param scales float32, {@link #scales} of them
 * @param rowLength values in a row
 */
public record Int8(MemorySegment codes, MemorySegment scales, long rowLength) implements Storage {

  /** Values that share a scale. */
  public static final int BLOCK = 64;

  private static final boolean VECTORS = VectorSupport.ofThisJvm().isUsed() && VectorInt8.isFast();

  private static final int MOST = 127;
  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  // 127 times it is still finite.
  private static final float LARGEST_SCALE = Math.nextDown(Float.MAX_VALUE / MOST);

  /** How many scales a tensor of so many rows takes. */
  public static long scales(long rows, long rowLength) {
    return Math.multiplyExact(rows, Math.ceilDiv(rowLength, BLOCK));
  }

  @Override
  public void load(long at, int n, float[] into) {
    long block = block(at);
    for (int first = 0; first < n; first += BLOCK) {
      float scale = scales.get(JAVA_FLOAT_UNALIGNED, block++ * Float.BYTES);
      int end = Math.min(first + BLOCK, n);
      if (VECTORS && end - first == BLOCK) {
        VectorInt8.decode(codes, at + first, scale, into, first);
        continue;
      }
      for (int j = first; j < end; j++) {
        into[j] = codes.get(JAVA_BYTE, at + j) * scale;
      }
    }
  }

  @Override
  public void store(long at, int n, float[] from, long key) {
    long block = block(at);
    for (int first = 0; first < n; first += BLOCK) {
      int end = Math.min(first + BLOCK, n);
      boolean vectors = VECTORS && end - first == BLOCK;
      float scale = scale(vectors ? VectorInt8.largest(from, first) : largest(from, first, end));
      scales.set(JAVA_FLOAT_UNALIGNED, block++ * Float.BYTES, scale);
      // A block that is not finite has codes of 0, as Java makes of NaN.
      float inverse = scale == 0 ? 0 : 1 / scale;
      if (vectors && !Float.isNaN(scale)) {
        VectorInt8.encode(codes, at + first, inverse, from, first);
        continue;
      }
      for (int j = first; j < end; j++) {
        codes.set(JAVA_BYTE, at + j, (byte) Math.rint(from[j] * inverse));
      }
    }
  }

  private static int largest(float[] values, int from, int to) {
    int largest = 0;
    for (int j = from; j < to; j++) {
      largest = Math.max(largest, Float.floatToRawIntBits(values[j]) & Integer.MAX_VALUE);
    }
    return largest;
  }

  /** The scale of a block from the bits of its largest magnitude; those of NaN are the largest. */
  private static float scale(int largest) {
    if (largest >= INFINITY) {
      return Float.NaN;
    }
    float scale = Float.intBitsToFloat(largest) / MOST;
    return scale < Float.MIN_NORMAL ? 0 : Math.min(scale, LARGEST_SCALE);
  }

  private long block(long at) {
    return at / rowLength * Math.ceilDiv(rowLength, BLOCK) + at % rowLength / BLOCK;
  }
}
