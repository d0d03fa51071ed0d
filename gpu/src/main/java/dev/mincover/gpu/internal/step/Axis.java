package dev.mincover.gpu.internal.step;

/**
 * The accumulators of one axis within a slot of a tensor's.
 *
 * @param name under which they are saved
 * @param leading whether the row picks one of them; otherwise the column does
 * @param offset of the first, in accumulators
 * @param stride for how many rows, or columns, one after the other the index is the same; at least
 *     1
 * @param count how many there are
 */
record Axis(String name, boolean leading, long offset, long stride, long count) {}
