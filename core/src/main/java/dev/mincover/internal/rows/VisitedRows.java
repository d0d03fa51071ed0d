package dev.mincover.internal.rows;

import static java.util.Objects.requireNonNull;

import dev.mincover.tensor.Gradient;
import org.jspecify.annotations.Nullable;

/**
 * The rows that one step visits: all of a tensor's, or those that a sparse gradient names. A row's
 * <em>position</em> is its place among the rows visited, in ascending order. A sparse gradient
 * names indices of axis 0, each of which has one or more rows; its <em>entry</em> is the place of
 * such an index among those named.
 */
public final class VisitedRows {

  /** How the tensor is split into rows. */
  public final RowLayout layout;

  private final @Nullable SparseRowIndex sparse;
  private final long perEntry;

  private VisitedRows(RowLayout layout, @Nullable SparseRowIndex sparse) {
    this.layout = layout;
    this.sparse = sparse;
    this.perEntry = layout.rowsPerIndex();
  }

  /** All rows. */
  public static VisitedRows all(RowLayout layout) {
    return new VisitedRows(layout, null);
  }

  /** The rows of some indices of axis 0, in a layout that has rows of their own for each. */
  public static VisitedRows of(RowLayout layout, SparseRowIndex sparse) {
    return new VisitedRows(layout, sparse);
  }

  /** Whether rows may be left out. */
  public boolean isSparse() {
    return sparse != null;
  }

  /** How many positions there are. */
  long count() {
    return sparse == null ? layout.rows() : sparse.count() * perEntry;
  }

  /** How many values they hold. */
  public long values() {
    return count() * layout.rowLength();
  }

  /** Takes the rows of another gradient; for rows that may be left out only. */
  public SparseRowIndex take(Gradient.Rows given) {
    SparseRowIndex sparse = requireNonNull(this.sparse);
    sparse.set(given);
    return sparse;
  }

  /** The rows at {@code count} positions. */
  public void rows(long first, int count, long[] into) {
    for (int i = 0; i < count; i++) {
      into[i] = row(first + i);
    }
  }

  /** The row at a position. */
  long row(long position) {
    if (sparse == null) {
      return position;
    }
    return perEntry == 1
        ? sparse.index(position)
        : sparse.index(position / perEntry) * perEntry + position % perEntry;
  }

  /** The entry that a position belongs to. */
  public long entry(long position) {
    return perEntry == 1 ? position : position / perEntry;
  }

  /** How many entries there are. */
  public long entries() {
    return sparse == null ? layout.rows() / Math.max(1, perEntry) : sparse.count();
  }

  /** The index along axis 0 of an entry. */
  public long index(long entry) {
    return sparse == null ? entry : sparse.index(entry);
  }
}
