package dev.mincover.gpu.internal.step;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.mincover.gpu.device.Device;
import dev.mincover.gpu.device.DeviceMemory;
import dev.mincover.gpu.device.Kernel;
import dev.mincover.internal.gradient.GradientRange;
import dev.mincover.internal.gradient.GradientScan;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The stretches in which all gradients are looked at before a step, and what was found. They are
 * core's ({@link GradientScan}), and so is the order in which squares are added up, so that a norm
 * has core's bits.
 */
public final class GradientStretches {

  private static final int FIELDS = 3;

  private final int count;

  /** By tensor and one more, its first stretch. */
  private final int[] first;

  private final GradientRange range;
  private final DeviceMemory stretches;

  /**
   * By stretch, the sum of squares, if there is a norm; then, by stretch, the largest magnitude.
   */
  private final DeviceMemory found;

  private final MemorySegment read;
  private final int[] largest;
  private double squares;

  GradientStretches(Device device, List<DeviceTensor> tensors, GradientRange range) {
    this.range = range;
    count =
        Math.toIntExact(
            tensors.stream()
                .mapToLong(each -> Math.ceilDiv(each.shape.size(), (long) GradientScan.STRETCH))
                .sum());
    first = new int[tensors.size() + 1];
    largest = new int[tensors.size()];
    read = Arena.ofAuto().allocate(Math.max(1, (long) count * foundBytes()), Long.BYTES);
    stretches = device.allocate((long) count * FIELDS * Long.BYTES);
    try (Arena arena = Arena.ofConfined()) {
      found = device.allocate((long) count * foundBytes());
      MemorySegment host = arena.allocate(stretches.byteSize(), Long.BYTES);
      int next = 0;
      for (int i = 0; i < tensors.size(); i++) {
        first[i] = next;
        long size = tensors.get(i).shape.size();
        for (long at = 0; at < size; at += GradientScan.STRETCH) {
          long field = (long) next++ * FIELDS;
          host.setAtIndex(JAVA_LONG, field, i);
          host.setAtIndex(JAVA_LONG, field + 1, at);
          host.setAtIndex(JAVA_LONG, field + 2, Math.min(GradientScan.STRETCH, size - at));
        }
      }
      first[tensors.size()] = next;
      stretches.upload(host);
    } catch (RuntimeException | Error failure) {
      stretches.close();
      throw failure;
    }
  }

  private int foundBytes() {
    return Integer.BYTES + (range.hasNorm() ? Double.BYTES : 0);
  }

  private long largestAt() {
    return range.hasNorm() ? (long) count * Double.BYTES : 0;
  }

  List<DeviceMemory> memory() {
    return List.of(stretches, found);
  }

  long bytes() {
    return stretches.byteSize() + found.byteSize();
  }

  void scan(Kernel kernel, DeviceMemory turns) {
    kernel.set(0, turns.address());
    kernel.set(1, stretches.address());
    kernel.set(2, found.address());
    kernel.set(3, found.address() + largestAt());
    kernel.set(4, range.limit());
    kernel.launch(count);
  }

  /**
   * Waits for what was found.
   *
   * @param dense which tensors have a dense gradient
   * @param given the rows of those with a sparse one; null for the others
   */
  void read(boolean[] dense, @Nullable GivenRows[] given) {
    found.download(read.asSlice(0, found.byteSize()));
    Arrays.fill(largest, 0);
    squares = 0;
    // In the order of tensors and stretches, as core adds them up.
    for (int of = 0; of < largest.length; of++) {
      GivenRows rows = given[of];
      if (rows != null && rows.stretches() > 0) {
        rows.read();
        for (long i = 0; i < rows.stretches(); i++) {
          largest[of] = Math.max(largest[of], rows.largest(i));
          squares += range.hasNorm() ? rows.squares(i) : 0;
        }
      }
      for (int i = first[of]; dense[of] && i < first[of + 1]; i++) {
        int bits = read.get(JAVA_INT, largestAt() + (long) i * Integer.BYTES);
        largest[of] = Math.max(largest[of], bits);
        squares += range.hasNorm() ? read.getAtIndex(JAVA_DOUBLE, i) : 0;
      }
    }
  }

  /** Bits of the largest magnitude of a tensor's gradient; 0 if it has none. */
  public int largest(int i) {
    return largest[i];
  }

  /** The sum of all squares; 0 without a norm. */
  public double squares() {
    return squares;
  }
}
