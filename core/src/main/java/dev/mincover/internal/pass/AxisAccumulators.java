package dev.mincover.internal.pass;

import java.lang.foreign.MemorySegment;

/**
 * The accumulators mu of one axis, one per index of it; or a single one for the whole tensor.
 *
 * @param mu the accumulators, float32
 * @param stride for how many rows, or columns of a row, one after the other the index is the same
 * @param count how many accumulators there are
 * @param byIndex whether the axis is axis 0, and the row picks its accumulator
 */
public record AxisAccumulators(MemorySegment mu, long stride, long count, boolean byIndex) {

  /** Which accumulator a row, or a column, falls under. */
  long index(long position) {
    long i = stride == 1 ? position : position / stride;
    return i < count ? i : i % count;
  }
}
