package dev.mincover.internal;

import dev.mincover.DataType;
import dev.mincover.Gradient;
import dev.mincover.internal.storage.Storage;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of one tensor at one step, as the loops read it: decoded, summed where a row was
 * given several times, clipped, scaled.
 */
public final class StepGradient {

  final Rows rows;
  final MemorySegment segment;
  private final Storage values;
  private final boolean float32;
  private final @Nullable Touched touched;

  /** How many values an entry has: all, if dense. */
  private final long width;

  private float limit = Float.POSITIVE_INFINITY;
  private float scale = 1;

  /** A gradient that has been checked against the tensor's shape. */
  StepGradient(Gradient gradient, Rows rows, @Nullable Touched touched) {
    this.rows = rows;
    this.touched = touched;
    segment = gradient.values();
    values = Storage.of(gradient.type(), segment, false);
    float32 = gradient.type() == DataType.FLOAT32;
    width =
        touched == null
            ? rows.view.shape().size()
            : rows.view.rowsPerIndex() * rows.view.rowLength();
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

  /** How many rows of values there are to add up and check; 1 if dense. */
  long entries() {
    return touched == null ? 1 : touched.count();
  }

  /** How many values each of them has. */
  long width() {
    return width;
  }

  /** Where in the tensor a value of an entry lies, in row-major order. */
  long flat(long entry, long offset) {
    return touched == null ? offset : touched.index(entry) * width + offset;
  }

  /** Whether a kernel may read the row at a position where it lies. */
  boolean isDirect(long position) {
    return float32
        && scale == 1
        && limit == Float.POSITIVE_INFINITY
        && (touched == null || touched.times(rows.entry(position)) == 1);
  }

  /** Where in {@link #segment} a direct row's values lie, from {@code column} on; in bytes. */
  long directAt(long position, long column) {
    long offset = position * rows.view.rowLength() + column;
    if (touched != null) {
      long entry = rows.entry(position);
      offset += (touched.position(entry, 0) - entry) * width;
    }
    return offset * Float.BYTES;
  }

  /** Whether an entry's values lie as float32 in one place. */
  boolean isPlain(long entry) {
    return float32 && (touched == null || touched.times(entry) == 1);
  }

  /** Bits of the largest magnitude of {@code n} values of a plain entry. */
  int largest(long entry, long offset, int n) {
    long first = touched == null ? 0 : touched.position(entry, 0) * width;
    return RowKernel.fastest().largest(segment, (first + offset) * Float.BYTES, n);
  }

  /** Decodes, adds up and transforms {@code n} values of the row at a position. */
  void load(long position, long column, int n, float[] into, float[] other) {
    long offset = position * rows.view.rowLength() + column;
    if (touched == null) {
      values.load(offset, n, into);
    } else {
      long entry = rows.entry(position);
      loadRaw(entry, offset - entry * width, n, into, other);
    }
    transform(n, into);
  }

  /** Decodes and adds up {@code n} values of an entry, untransformed. */
  void loadRaw(long entry, long offset, int n, float[] into, float[] other) {
    if (touched == null) {
      values.load(offset, n, into);
      return;
    }
    values.load(touched.position(entry, 0) * width + offset, n, into);
    for (int i = 1; i < touched.times(entry); i++) {
      values.load(touched.position(entry, i) * width + offset, n, other);
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
