package dev.mincover.internal;

import static java.util.Objects.requireNonNull;

import dev.mincover.Gradient;
import org.jspecify.annotations.Nullable;

/**
 * The rows that one step visits, by position: all of a tensor's, or those of the indices of axis 0
 * that a sparse gradient touches. An index visited is an entry.
 */
final class Rows {

  final RowView view;
  private final @Nullable Touched touched;
  private final long perEntry;

  private Rows(RowView view, @Nullable Touched touched) {
    this.view = view;
    this.touched = touched;
    this.perEntry = view.rowsPerIndex();
  }

  /** All rows. */
  static Rows all(RowView view) {
    return new Rows(view, null);
  }

  /** The rows of some indices, in a view that has rows for each. */
  static Rows of(RowView view, Touched touched) {
    return new Rows(view, touched);
  }

  /** Whether rows may be left out. */
  boolean isSparse() {
    return touched != null;
  }

  /** How many positions there are. */
  long count() {
    return touched == null ? view.rows() : touched.count() * perEntry;
  }

  /** How many values they hold. */
  long values() {
    return count() * view.rowLength();
  }

  /** Takes the rows of another gradient; for rows that may be left out only. */
  Touched touch(Gradient.Rows given) {
    Touched touched = requireNonNull(this.touched);
    touched.set(given);
    return touched;
  }

  /** The rows at {@code count} positions. */
  void rows(long first, int count, long[] into) {
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
  long entry(long position) {
    return perEntry == 1 ? position : position / perEntry;
  }

  /** How many entries there are. */
  long entries() {
    return touched == null ? view.rows() / Math.max(1, perEntry) : touched.count();
  }

  /** The index along axis 0 of an entry. */
  long index(long entry) {
    return touched == null ? entry : touched.index(entry);
  }
}
