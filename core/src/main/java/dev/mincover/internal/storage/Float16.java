package dev.mincover.internal.storage;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Values kept as IEEE binary16: 11 bits of precision up to 65,504, and 2^-24 as the least.
 * Stochastic rounding counts a value in quanta [1] and rounds that number up with the probability
 * of its fraction.
 *
 * <p>[1] A quantum is the spacing of binary16 at the value: 2^(max(exponent, -14) - 10). Being a
 * power of two, it divides exactly. Beyond 65,504 the next multiple is infinity.
 *
 * @param values 2 bytes a value
 * @param stochastic whether to round stochastically rather than to nearest even
 */
public record Float16(MemorySegment values, boolean stochastic) implements Storage {

  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);
  private static final int LEAST_EXPONENT = -14;
  private static final int FRACTION = 10; // bits
  private static final int BIAS = 127; // of float32
  private static final int HIGHEST_EXPONENT = 0x7c00; // of infinity and NaN

  @Override
  public void load(long at, int n, float[] into) {
    load(values, at, n, into);
  }

  /** Decodes n consecutive values. */
  static void load(MemorySegment values, long at, int n, float[] into) {
    for (int j = 0; j < n; j++) {
      into[j] = Float.float16ToFloat(values.get(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES));
    }
  }

  @Override
  public void store(long at, int n, float[] from, long key) {
    if (stochastic) {
      for (int j = 0; j < n; j++) {
        float rounded = round(from[j], RandomBits.bits(key, at + j) >>> 8);
        short half = Float.floatToFloat16(rounded);
        values.set(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES, half);
      }
    } else {
      for (int j = 0; j < n; j++) {
        short half = Float.floatToFloat16(from[j]);
        values.set(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES, half);
      }
    }
  }

  /** The index of the first of n values that is infinite or NaN; -1 if there is none. */
  public long firstNotFinite(long at, int n) {
    for (int j = 0; j < n; j++) {
      short half = values.get(JAVA_SHORT_UNALIGNED, (at + j) * Short.BYTES);
      if ((half & HIGHEST_EXPONENT) == HIGHEST_EXPONENT) {
        return at + j;
      }
    }
    return -1;
  }

  /** One of the two multiples of the quantum around a value, by 24 random bits. */
  private static float round(float value, int random) {
    int bits = Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
    if (bits >= INFINITY) {
      return value;
    }
    int exponent = Math.max((bits >>> 23) - BIAS, LEAST_EXPONENT) - FRACTION;
    float quanta = Float.intBitsToFloat(bits) * powerOfTwo(-exponent);
    int down = (int) quanta;
    // A sign bit instead of a comparison: no processor can predict this branch.
    int up = (random - (int) ((quanta - down) * 0x1p24f)) >>> 31;
    return Math.copySign((down + up) * powerOfTwo(exponent), value);
  }

  private static float powerOfTwo(int exponent) {
    return Float.intBitsToFloat((exponent + BIAS) << 23);
  }
}
