package dev.mincover.internal;

/**
 * One thread's share of one tensor: a range of rows by a range of columns, and where in the
 * thread's scratch memory its partial maxima lie. Parts of a tensor are merged by taking maxima,
 * which is exact, so how a tensor is cut never shows in the result.
 *
 * <p>Scratch, each piece starting on a cache line: per leading axis the new maxima (of axis 0 only
 * those the part's rows can reach), then the new maxima along the row, then, if axes are folded,
 * the old minima along the row.
 */
final class Part {

  private static final int LINE = 16; // float32 values in a cache line

  final long row0;
  final long row1;
  final long column0;
  final long column1;

  /** The first index along axis 0 that the rows reach; its maxima start there. */
  final long first0;

  /** By leading axis, the byte at which its new maxima start. */
  final long[] leadingAt;

  /** By leading axis, how many of them there are. */
  final long[] leadingCount;

  /**
   * The byte at which c', the new maxima along the row, starts; unused where mu is updated in
   * place.
   */
  final long trailingAt;

  /** The byte at which c, the old minima along the row, starts; unused unless axes are folded. */
  final long foldedAt;

  /** How much scratch the part needs, in float32 values. */
  final long scratch;

  private Part(RowView view, long row0, long row1, long column0, long column1) {
    this.row0 = row0;
    this.row1 = row1;
    this.column0 = column0;
    this.column1 = column1;
    leadingAt = new long[view.leading()];
    leadingCount = new long[view.leading()];
    long rowsPerIndex0 = view.leading() == 0 ? 1 : view.rows() / view.shape().dimension(0);
    first0 = row0 / rowsPerIndex0;
    long at = 0;
    for (int axis = 0; axis < leadingAt.length; axis++) {
      leadingAt[axis] = at * Float.BYTES;
      leadingCount[axis] =
          axis == 0 ? (row1 - 1) / rowsPerIndex0 + 1 - first0 : view.shape().dimension(axis);
      at += aligned(leadingCount[axis]);
    }
    trailingAt = at * Float.BYTES;
    at += inPlace(view) ? 0 : aligned(column1 - column0);
    foldedAt = at * Float.BYTES;
    at += view.folded() ? aligned(column1 - column0) : 0;
    scratch = at;
  }

  /**
   * Cuts a tensor that is not empty into at most {@code parts} parts of about equal size: by rows
   * where there are many, otherwise by columns.
   */
  static Part[] cut(RowView view, int parts) {
    boolean byRows = parts == 1 || view.rows() >= 8L * parts;
    long length = byRows ? view.rows() : view.rowLength();
    long grain = byRows ? 1 : LINE;
    int count = (int) Math.min(parts, (length + grain - 1) / grain);
    Part[] cut = new Part[count];
    for (int i = 0; i < count; i++) {
      long from = bound(length, grain, i, count);
      long to = bound(length, grain, i + 1, count);
      cut[i] =
          byRows
              ? new Part(view, from, to, 0, view.rowLength())
              : new Part(view, 0, view.rows(), from, to);
    }
    return cut;
  }

  /**
   * Whether one row is all there is along a single axis: then each mu is read once, then written.
   */
  static boolean inPlace(RowView view) {
    return view.rows() == 1 && !view.folded();
  }

  private static long bound(long length, long grain, int i, int count) {
    long grains = (length + grain - 1) / grain;
    long bound = grains / count * i + grains % count * i / count;
    return Math.min(length, bound * grain);
  }

  private static long aligned(long floats) {
    return (floats + LINE - 1) / LINE * LINE;
  }
}
