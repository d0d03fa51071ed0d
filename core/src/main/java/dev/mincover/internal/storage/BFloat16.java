package dev.mincover.internal.storage;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Values kept as the upper half of a float32: its range, 8 bits of precision. To nearest even adds
 * a half of the last place, stochastic rounding a random part of it [1]; then the lower half is cut
 * off.
 *
 * <p>[1] Within an exponent floats are evenly spaced in their bits, so the carry comes with just
 * the probability that makes the mean right, and a lower half of zero never carries: an infinity
 * stays one, and so does every value that fits. The carry out of the largest exponent is infinity.
 *
 * @param values 2 bytes a value
 * @param stochastic whether to round stochastically rather than to nearest even
 */
public record BFloat16(MemorySegment values, boolean stochastic) implements Storage {

  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  /** Set in every NaN that is written, lest cutting off the rest leave an infinity. */
  public static final int QUIET = 0x40;

  @Override
  public void load(long at, int n, float[] into) {
    load(values, at, n, into);
  }

  /** Decodes n consecutive values. */
  static void load(MemorySegment values, long at, int n, float[] into) {
    for (int j = 0; j < n; j++) {
      into[j] = decode(values.get(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES));
    }
  }

  @Override
  public void store(long at, int n, float[] from, long key) {
    if (stochastic) {
      for (int j = 0; j < n; j++) {
        int bits = Float.floatToRawIntBits(from[j]);
        short half = cut(bits, RandomBits.bits(key, at + j) >>> 16);
        values.set(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES, half);
      }
    } else {
      for (int j = 0; j < n; j++) {
        short half = nearest(Float.floatToRawIntBits(from[j]));
        values.set(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES, half);
      }
    }
  }

  /** The value of 16 bits. */
  public static float decode(short half) {
    return Float.intBitsToFloat(half << 16);
  }

  /** The bits nearest to a float32, by its bits. */
  public static short nearest(int bits) {
    return cut(bits, 0x7fff + ((bits >>> 16) & 1));
  }

  private static short cut(int bits, int add) {
    // A carry could turn NaN into zero, and cutting it could leave infinity.
    boolean nan = (bits & Integer.MAX_VALUE) > INFINITY;
    return (short) (nan ? (bits >>> 16) | QUIET : (bits + add) >>> 16);
  }
}
