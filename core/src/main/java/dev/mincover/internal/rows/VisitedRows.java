package dev.mincover.internal.rows;

import static java.util.Objects.requireNonNull;

import dev.mincover.tensor.Gradient;
import org.jspecify.annotations.Nullable;

/**
 * The rows that one step visits, by position: all of a tensor's, or those of the indices of axis 0
 * that a sparse gradient touches. An index visited is an entry.
 */
public final class VisitedRows {

  public final RowLayout layout;
  private final @Nullable SparseRowIndex touched;
  private final long perEntry;

  private VisitedRows(RowLayout layout, @Nullable SparseRowIndex touched) {
    this.layout = layout;
    this.touched = touched;
    this.perEntry = layout.rowsPerIndex();
  }

  /** All rows. */
  public static VisitedRows all(RowLayout layout) {
    return new VisitedRows(layout, null);
  }

  /** The rows of some indices, in a view that has rows for each. */
  public static VisitedRows of(RowLayout layout, SparseRowIndex touched) {
    return new VisitedRows(layout, touched);
  }

  /** Whether rows may be left out. */
  public boolean isSparse() {
    return touched != null;
  }

  /** How many positions there are. */
  long count() {
    return touched == null ? layout.rows() : touched.count() * perEntry;
  }

  /** How many values they hold. */
  public long values() {
    return count() * layout.rowLength();
  }

  /** Takes the rows of another gradient; for rows that may be left out only. */
  public SparseRowIndex touch(Gradient.Rows given) {
    SparseRowIndex touched = requireNonNull(this.touched);
    touched.set(given);
    return touched;
  }

  /** The rows at {@code count} positions. */
  public void rows(long first, int count, long[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = row(first + i);
    }
  }

  /** The row at a position. */
  long row(long position) {
    if (touched == null) {
      return position;
    }
    return perEntry == 1
        ? touched.index(position)
        : touched.index(position / perEntry) * perEntry + position % perEntry;
  }

  /** The entry that a position belongs to. */
  public long entry(long position) {
    return perEntry == 1 ? position : position / perEntry;
  }

  /** How many entries there are. */
  public long entries() {
    return touched == null ? layout.rows() / Math.max(1, perEntry) : touched.count();
  }

  /** The index along axis 0 of an entry. */
  public long index(long entry) {
    return touched == null ? entry : touched.index(entry);
  }
}
