package dev.mincover.lab.bench;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * Values that look random and depend only on their index, so that threads can share the work of
 * writing them.
 */
enum Values {
  /** As large as those of a trained model. */
  WEIGHTS(1, 0.02f),
  /** As large as those of a model in training. */
  GRADIENTS(1L << 48, 1e-3f);

  /** 2^64 divided by the golden ratio, made odd. */
  private static final long SCATTER = 0x9E3779B97F4A7C15L;

  private final long offset;
  private final float scale;

  Values(long offset, float scale) {
    this.offset = offset;
    this.scale = scale;
  }

  /**
   * Overwrites a segment.
   *
   * @param first index of the first value
   */
  void fill(MemorySegment target, DataType type, long first) {
    int count = Math.toIntExact(target.byteSize() / type.bytes());
    switch (type) {
      case FLOAT32 -> {
        for (int i = 0; i < count; i++) {
          target.set(JAVA_FLOAT_UNALIGNED, 4L * i, at(first + i));
        }
      }
      case BFLOAT16 -> {
        for (int i = 0; i < count; i++) {
          int bits = Float.floatToRawIntBits(at(first + i));
          target.set(JAVA_SHORT_UNALIGNED, 2L * i, (short) (bits >>> 16));
        }
      }
      case FLOAT16 -> {
        for (int i = 0; i < count; i++) {
          target.set(JAVA_SHORT_UNALIGNED, 2L * i, Float.floatToFloat16(at(first + i)));
        }
      }
    }
  }

  /** Returns a value, evenly distributed over -scale to scale. */
  private float at(long index) {
    long bits = (index + offset) * SCATTER;
    bits = (bits ^ bits >>> 32) * SCATTER;
    return (bits >> 40) * (0x1p-23f * scale);
  }
}
