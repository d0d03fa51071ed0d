package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.SparseRowIndex;
import dev.mincover.tensor.Gradient;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The rows that a sparse gradient of one tensor names, each once and in ascending order, as kernels
 * find them, and what the scan before a step has found in them. Memory grows with the largest
 * gradient so far.
 */
final class GivenRows implements AutoCloseable {

  private static final int FIELDS = 3;

  private final Device device;

  /** The rows of an index of axis 0. */
  final RowLayout layout;

  private final SparseRowIndex index = new SparseRowIndex();
  private @Nullable DeviceMemory table;
  private @Nullable DeviceMemory found;
  private MemorySegment host = MemorySegment.NULL;
  private MemorySegment read = MemorySegment.NULL;

  GivenRows(Device device, DeviceTensor tensor) {
    this.device = device;
    layout = RowLayout.byIndex(tensor.shape);
  }

  /** How many rows are named. */
  int entries() {
    return index.count();
  }

  /** Values of a row that is named. */
  long width() {
    return layout.rowsPerIndex() * layout.rowLength();
  }

  /** Takes the rows of a gradient, and copies them to the device, for which it waits. */
  void take(Gradient.Rows given) {
    index.set(given);
    long entries = index.count();
    long bytes = (entries * FIELDS + given.count()) * Long.BYTES;
    DeviceMemory table = this.table;
    if (table == null || table.byteSize() < bytes) {
      close(table);
      table = device.allocate(2 * bytes);
      this.table = table;
      host = Arena.ofAuto().allocate(Math.max(1, 2 * bytes), Long.BYTES);
    }
    long position = 0;
    for (int e = 0; e < entries; e++) {
      int times = index.times(e);
      host.setAtIndex(JAVA_LONG, (long) e * FIELDS, index.index(e));
      host.setAtIndex(JAVA_LONG, (long) e * FIELDS + 1, position);
      host.setAtIndex(JAVA_LONG, (long) e * FIELDS + 2, times);
      for (int i = 0; i < times; i++) {
        host.setAtIndex(JAVA_LONG, entries * FIELDS + position++, index.position(e, i));
      }
    }
    table.slice(0, bytes).upload(host.asSlice(0, bytes));
  }

  /** The device's address of the rows named. */
  long table() {
    return table == null ? 0 : table.address();
  }

  /** The device's address of the places where their values stand. */
  long positions() {
    return table() + (long) entries() * FIELDS * Long.BYTES;
  }

  /** Blocks of a scan, a stretch of core's each. */
  long stretches() {
    long width = width();
    if (width == 0) {
      return 0;
    }
    return width > GradientScan.STRETCH
        ? entries() * Math.ceilDiv(width, (long) GradientScan.STRETCH)
        : Math.ceilDiv(entries(), GradientScan.STRETCH / width);
  }

  /** Memory for what a scan finds: by stretch its sum of squares, then by stretch its largest. */
  DeviceMemory found() {
    long bytes = stretches() * (Double.BYTES + Integer.BYTES);
    DeviceMemory found = this.found;
    if (found == null || found.byteSize() < bytes) {
      close(found);
      found = device.allocate(2 * bytes);
      this.found = found;
      read = Arena.ofAuto().allocate(Math.max(1, 2 * bytes), Long.BYTES);
    }
    return found;
  }

  /** Waits for what was found. */
  void read() {
    long bytes = stretches() * (Double.BYTES + Integer.BYTES);
    found().slice(0, bytes).download(read.asSlice(0, bytes));
  }

  /** Bits of the largest magnitude of a stretch that was read. */
  int largest(long stretch) {
    return read.get(JAVA_INT, stretches() * Double.BYTES + stretch * Integer.BYTES);
  }

  /** The sum of squares of a stretch that was read. */
  double squares(long stretch) {
    return read.getAtIndex(JAVA_DOUBLE, stretch);
  }

  long bytes() {
    return (table == null ? 0 : table.byteSize()) + (found == null ? 0 : found.byteSize());
  }

  private static void close(@Nullable DeviceMemory memory) {
    if (memory != null) {
      memory.close();
    }
  }

  @Override
  public void close() {
    close(table);
    close(found);
  }
}
