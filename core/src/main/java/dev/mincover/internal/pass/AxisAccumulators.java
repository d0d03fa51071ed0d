package dev.mincover.internal.pass;

import java.lang.foreign.MemorySegment;

/**
 * The accumulators of one axis, or a single one for the whole tensor.
 *
 * @param mu one float32 value an index
 * @param stride over how many positions (rows, or columns of a row) the index stays the same
 * @param count how many there are
 * @param byIndex whether these are the slices of axis 0 and picked by the row
 */
public record AxisAccumulators(MemorySegment mu, long stride, long count, boolean byIndex) {

  /** Which accumulator a row, or a column, falls under. */
  long index(long position) {
    long i = stride == 1 ? position : position / stride;
    return i < count ? i : i % count;
  }
}
