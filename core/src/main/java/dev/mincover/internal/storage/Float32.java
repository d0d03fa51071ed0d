package dev.mincover.internal.storage;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/**
 * Values kept as they are.
 *
 * @param values 4 bytes a value
 */
public record Float32(MemorySegment values) implements Storage {

  @Override
  public void load(long at, int n, float[] into) {
    load(values, at, n, into);
  }

  /** Decodes n consecutive values. */
  static void load(MemorySegment values, long at, int n, float[] into) {
    MemorySegment.copy(values, JAVA_FLOAT_UNALIGNED, at * Float.BYTES, into, 0, n);
  }

  @Override
  public void store(long at, int n, float[] from, long key) {
    MemorySegment.copy(from, 0, values, JAVA_FLOAT_UNALIGNED, at * Float.BYTES, n);
  }
}
