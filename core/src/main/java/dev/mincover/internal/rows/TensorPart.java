package dev.mincover.internal.rows;

import dev.mincover.internal.storage.Int8;
import java.util.ArrayList;
import java.util.List;

/**
 * One thread's share of one tensor in a step: a range of the positions visited by a range of
 * columns. Shares are merged by taking maxima, which is exact, so how a tensor is cut never shows
 * in the result.
 *
 * @param from the first position
 * @param to after the last
 * @param column0 the first column
 * @param column1 after the last
 */
public record TensorPart(long from, long to, long column0, long column1) {

  /** Columns are cut at multiples of this: cache lines, and blocks of int8 momentum. */
  static final int GRAIN = Math.max(16, Int8.BLOCK);

  /**
   * Cuts what a step visits into at most {@code parts} parts of about equal size: by positions
   * where there are many, otherwise by columns. Nothing to visit is no part, or of a sparse
   * gradient an empty one.
   */
  public static List<TensorPart> cut(VisitedRows rows, int parts) {
    long rowLength = rows.layout.rowLength();
    if (rows.isSparse() && rows.count() == 0) {
      return List.of(new TensorPart(0, 0, 0, rowLength)); // A step all the same: averages fade.
    }
    if (rows.count() == 0 || rowLength == 0) {
      return List.of();
    }
    boolean byRows = parts == 1 || rows.count() >= 8L * parts;
    long length = byRows ? rows.count() : rowLength;
    long grain = byRows ? 1 : GRAIN;
    int count = (int) Math.min(parts, (length + grain - 1) / grain);
    List<TensorPart> cut = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long from = bound(length, grain, i, count);
      long to = bound(length, grain, i + 1, count);
      cut.add(
          byRows
              ? new TensorPart(from, to, 0, rowLength)
              : new TensorPart(0, rows.count(), from, to));
    }
    return cut;
  }

  private static long bound(long length, long grain, int i, int count) {
    long grains = (length + grain - 1) / grain;
    long bound = grains / count * i + grains % count * i / count;
    return Math.min(length, bound * grain);
  }
}
