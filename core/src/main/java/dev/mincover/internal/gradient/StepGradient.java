package dev.mincover.internal.gradient;

import dev.mincover.internal.kernel.Kernels;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.SparseRowIndex;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.Storage;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of one tensor at one step, as the loops read it: decoded, summed where a row was
 * given several times, clipped, scaled. It is made once and takes the gradient of every step, so
 * that a step leaves nothing on the heap.
 */
public final class StepGradient {

  private final VisitedRows all;
  private VisitedRows rows;
  private MemorySegment segment = MemorySegment.NULL;
  private DataType type = DataType.FLOAT32;

  /** The rows of sparse gradients; null before the first. */
  private @Nullable VisitedRows someRows;

  /** Which rows a sparse gradient names; null if this step's gradient is dense. */
  private @Nullable SparseRowIndex sparse;

  /** How many values an entry has: all, if dense. */
  private long width;

  private float limit = Float.POSITIVE_INFINITY;
  private float scale = 1;

  /** A gradient for a tensor of some layout, not given yet. */
  public StepGradient(RowLayout layout) {
    all = VisitedRows.all(layout);
    rows = all;
  }

  /** Takes a gradient that has been checked against the tensor's shape. */
  public void set(Gradient gradient) {
    segment = gradient.values();
    type = gradient.type();
    if (gradient instanceof Gradient.Rows given) {
      VisitedRows someRows = this.someRows;
      if (someRows == null) {
        someRows = VisitedRows.of(RowLayout.byIndex(all.layout.shape()), new SparseRowIndex());
        this.someRows = someRows;
      }
      rows = someRows;
      sparse = someRows.take(given);
      width = rows.layout.rowsPerIndex() * rows.layout.rowLength();
    } else {
      rows = all;
      sparse = null;
      width = all.layout.shape().size();
    }
    transform(Float.POSITIVE_INFINITY, 1);
  }

  /** Lets go of the memory. */
  public void clear() {
    segment = MemorySegment.NULL;
  }

  /**
   * Sets what happens to each value once it is decoded: cut to [-limit, limit], then multiplied.
   *
   * @param limit infinity for none
   * @param scale 1 for none; negative to climb
   */
  public void transform(float limit, float scale) {
    this.limit = limit;
    this.scale = scale;
  }

  /** What magnitudes are cut to; infinity for none. */
  public float limit() {
    return limit;
  }

  /** What values are multiplied by after that; 1 for none. */
  public float scale() {
    return scale;
  }

  /** The rows that it gives. */
  public VisitedRows rows() {
    return rows;
  }

  /** The values as they were given. */
  public MemorySegment segment() {
    return segment;
  }

  /** How they are stored. */
  public DataType type() {
    return type;
  }

  /** How many rows of values there are to add up and check; 1 if dense. */
  long entries() {
    return sparse == null ? 1 : sparse.count();
  }

  /** How many values each of them has. */
  long width() {
    return width;
  }

  /** Where in the tensor a value of an entry lies, in row-major order. */
  long flat(long entry, long offset) {
    return sparse == null ? offset : sparse.index(entry) * width + offset;
  }

  /** Whether a kernel may read all rows where they lie. */
  public boolean isDirect() {
    return type != DataType.FLOAT16 && (sparse == null || !sparse.hasRepeats());
  }

  /** Whether a kernel may read the row at a position where it lies. */
  public boolean isDirect(long position) {
    return type != DataType.FLOAT16 && (sparse == null || sparse.times(rows.entry(position)) == 1);
  }

  /** Where in {@link #segment} a direct row's values lie, from {@code column} on; in bytes. */
  public long directAt(long position, long column) {
    long offset = position * rows.layout.rowLength() + column;
    if (sparse != null) {
      long entry = rows.entry(position);
      offset += (sparse.position(entry, 0) - entry) * width;
    }
    return offset * type.bytes();
  }

  /** Whether an entry's values lie in one place, in a format whose bits order like its values. */
  boolean isPlain(long entry) {
    return type != DataType.FLOAT16 && (sparse == null || sparse.times(entry) == 1);
  }

  /** Bits of the largest magnitude of {@code n} values of a plain entry, as float32. */
  int largest(long entry, long offset, int n) {
    long first = sparse == null ? 0 : sparse.position(entry, 0) * width;
    return Kernels.fastest().largest(type, segment, (first + offset) * type.bytes(), n);
  }

  /** Decodes, adds up and transforms {@code n} values of the row at a position. */
  public void load(long position, long column, int n, float[] into, float[] other) {
    loadRow(position, column, n, into, other);
    transform(n, into);
  }

  /** Decodes and adds up {@code n} values of the row at a position, untransformed. */
  public void loadRow(long position, long column, int n, float[] into, float[] other) {
    long offset = position * rows.layout.rowLength() + column;
    long entry = sparse == null ? 0 : rows.entry(position);
    loadEntry(entry, offset - entry * width, n, into, other);
  }

  /** Decodes and adds up {@code n} values of an entry, untransformed. */
  void loadEntry(long entry, long offset, int n, float[] into, float[] other) {
    if (sparse == null) {
      Storage.load(type, segment, offset, n, into);
      return;
    }
    Storage.load(type, segment, sparse.position(entry, 0) * width + offset, n, into);
    for (int i = 1; i < sparse.times(entry); i++) {
      Storage.load(type, segment, sparse.position(entry, i) * width + offset, n, other);
      for (int j = 0; j < n; j++) {
        into[j] += other[j];
      }
    }
  }

  /** What becomes of values once they are decoded. */
  void transform(int n, float[] g) {
    if (limit != Float.POSITIVE_INFINITY) {
      for (int j = 0; j < n; j++) {
        g[j] = Math.max(-limit, Math.min(limit, g[j]));
      }
    }
    if (scale != 1) {
      for (int j = 0; j < n; j++) {
        g[j] = g[j] * scale + 0f; // No -0 of 0: it would not leave a weight of -0 alone.
      }
    }
  }
}
