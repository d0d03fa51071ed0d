package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The tiles of all tensors, by which a launch of one block each covers them: some rows, and as many
 * columns as a row of threads takes. Those of tensors with weights of one type are neighbours.
 */
final class Tiles {

  private static final int FIELDS = 5;
  private static final int THREADS_OF_ROW = 32;

  /** More rows to a tile make fewer maxima to bring together; fewer rows fill the device. */
  private static final int MOST_ROWS = 64;

  private static final int LEAST_ROWS = 16;

  /** Tiles for each multiprocessor, below which tiles are made smaller. */
  private static final int ENOUGH = 8;

  final DeviceMemory table;
  private final long[] counts;
  private final Map<DataType, Long> first = new EnumMap<>(DataType.class);
  private final Map<DataType, Long> count = new EnumMap<>(DataType.class);

  Tiles(Device device, List<DeviceTensor> tensors) {
    int rows = MOST_ROWS;
    while (rows > LEAST_ROWS && all(tensors, rows) < (long) ENOUGH * device.multiprocessors()) {
      rows /= 2;
    }
    counts = new long[tensors.size()];
    long total = all(tensors, rows);
    table = device.allocate(total * FIELDS * Long.BYTES);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment host = arena.allocate(table.byteSize(), Long.BYTES);
      long next = 0;
      for (DataType type : DataType.values()) {
        first.put(type, next);
        for (int i = 0; i < tensors.size(); i++) {
          if (tensors.get(i).type == type) {
            counts[i] = write(host, next, i, tensors.get(i), rows);
            next += counts[i];
          }
        }
        count.put(type, next - requireFirst(type));
      }
      table.upload(host);
    } catch (RuntimeException | Error failure) {
      table.close();
      throw failure;
    }
  }

  private long requireFirst(DataType type) {
    return first.getOrDefault(type, 0L);
  }

  /** Columns that a thread takes. */
  static int columnsOfThread(DataType weights) {
    return weights == DataType.FLOAT32 ? 4 : 8;
  }

  /** Columns of a tile. */
  static long width(DeviceTensor tensor) {
    return (long) THREADS_OF_ROW * columnsOfThread(tensor.type);
  }

  private static long all(List<DeviceTensor> tensors, int rows) {
    return tensors.stream().mapToLong(tensor -> down(tensor, rows) * across(tensor)).sum();
  }

  private static long down(DeviceTensor tensor, int rows) {
    return Math.ceilDiv(tensor.layout.rows(), (long) rows);
  }

  private static long across(DeviceTensor tensor) {
    return Math.ceilDiv(tensor.layout.rowLength(), width(tensor));
  }

  private static long write(MemorySegment to, long at, int i, DeviceTensor tensor, int rows) {
    long number = 0;
    for (long row = 0; row < tensor.layout.rows(); row += rows) {
      for (long column = 0; column < tensor.layout.rowLength(); column += width(tensor)) {
        long field = (at + number) * FIELDS;
        to.setAtIndex(JAVA_LONG, field, i);
        to.setAtIndex(JAVA_LONG, field + 1, number++);
        to.setAtIndex(JAVA_LONG, field + 2, row);
        to.setAtIndex(JAVA_LONG, field + 3, Math.min(rows, tensor.layout.rows() - row));
        to.setAtIndex(JAVA_LONG, field + 4, column);
      }
    }
    return number;
  }

  /** How many tiles a tensor has. */
  long of(int tensor) {
    return counts[tensor];
  }

  /** The first tile of tensors with weights of a type. */
  long first(DataType weights) {
    return requireFirst(weights);
  }

  /** How many tiles those have. */
  long count(DataType weights) {
    return count.getOrDefault(weights, 0L);
  }

  @Override
  public String toString() {
    return Arrays.toString(counts);
  }
}
