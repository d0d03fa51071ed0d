package dev.mincover.gpu.device;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * A processor with memory of its own, and one queue of work for it: a GPU by CUDA or OpenCL, or a
 * CPU by OpenCL. Work is done in the order in which it is given. A method that does not say that it
 * waits returns before the work is done.
 *
 * <p>Any thread may use a device, virtual ones included.
 */
public abstract sealed class Device implements AutoCloseable permits OpenClDevice, CudaDevice {

  /** Alignment of memory from {@link #allocate}, in bytes. */
  public static final int ALIGNMENT = 64;

  private static final int PIECE = 1 << 20; // bytes of a heap segment that are copied at a time

  final AtomicLong allocated = new AtomicLong();
  private volatile boolean closed;

  Device() {}

  /**
   * The first device of OpenCL: a GPU if there is one, otherwise a CPU.
   *
   * @throws DeviceException if there is none, saying what was looked for
   */
  public static Device openCl() {
    return OpenClDevice.first(List.of(), UnaryOperator.identity());
  }

  /**
   * The first device of CUDA. Its primary context is used, which libraries of the same process such
   * as libtorch share, and a stream of its own.
   *
   * @throws DeviceException if there is none, saying what was looked for
   */
  public static Device cuda() {
    return CudaDevice.of(0);
  }

  /**
   * A device of CUDA, and a stream of somebody else's, in whose order work is done.
   *
   * @param number of the device, from 0
   * @param stream its handle, as a number, which stays the caller's; 0 for the default stream
   * @throws DeviceException if there is none, saying what was looked for
   */
  public static Device cudaOnStream(int number, long stream) {
    return CudaDevice.onStream(number, stream);
  }

  /** All devices that are found, in words, and for each kind that is not found why. */
  public static List<String> descriptions() {
    List<String> all = new ArrayList<>();
    try {
      all.addAll(CudaDevice.found());
    } catch (DeviceException e) {
      all.add("no CUDA device: " + e.getMessage());
    }
    try {
      all.addAll(OpenClDevice.found());
    } catch (DeviceException e) {
      all.add("no OpenCL device: " + e.getMessage());
    }
    return all;
  }

  /** Its name, as its driver gives it, with the driver's. */
  public abstract String name();

  /** Whether it computes in double precision, which clipping by global norm needs. */
  public abstract boolean hasDoubles();

  /** How many groups of threads it runs at once, about. */
  public abstract int multiprocessors();

  /**
   * Obtains memory, aligned to {@link #ALIGNMENT} and filled with zeros.
   *
   * @throws DeviceException if there is not as much, naming what was asked for and what is left
   */
  public final DeviceMemory allocate(long bytes) {
    requireOpen();
    if (bytes < 0) {
      throw new IllegalArgumentException("%d bytes were asked for".formatted(bytes));
    }
    if (bytes == 0) {
      return new DeviceMemory(this, 0, 0, false);
    }
    long address = obtain(bytes);
    allocated.addAndGet(bytes);
    fill(address, bytes);
    return new DeviceMemory(this, address, bytes, true);
  }

  /**
   * Memory of this device that somebody else has obtained, and frees: an engine's tensor. Work that
   * fills it must come before this device's on the same stream, or be done.
   *
   * @param address on the device; of a host's memory no such number must be given
   * @throws IllegalArgumentException if a number is negative, or the address 0 for more than 0
   *     bytes
   */
  public final DeviceMemory at(long address, long bytes) {
    if (bytes < 0 || (address == 0 && bytes > 0)) {
      throw new IllegalArgumentException(
          "%d bytes at the device address %d".formatted(bytes, address));
    }
    return new DeviceMemory(this, address, bytes, false);
  }

  /** All bytes obtained and not freed. */
  public final long allocatedBytes() {
    return allocated.get();
  }

  /** Waits until all work given so far is done. */
  public abstract void synchronize();

  /**
   * Host memory that {@link #enqueueUpload} can read while the caller goes on, zeroed.
   *
   * @param arena the memory is valid as long as it
   */
  public abstract MemorySegment hostMemory(long bytes, Arena arena);

  /**
   * Copies to the device in order with its other work.
   *
   * @param from of {@link #hostMemory}; to be left alone until the copy is done
   */
  public final void enqueueUpload(DeviceMemory to, MemorySegment from) {
    to.requireBytes(from.byteSize());
    if (from.byteSize() > 0) {
      enqueueUpload(to.address(), from);
    }
  }

  /**
   * A kernel, compiled if this device has not compiled it before.
   *
   * @param source in the common part of CUDA C and OpenCL C
   * @param definitions each {@code NAME=VALUE}
   * @param threads of a block
   * @throws DeviceException with the compiler's words if it does not compile
   */
  public abstract Kernel kernel(String source, List<String> definitions, String name, int threads);

  abstract long obtain(long bytes);

  abstract void release(long address);

  abstract void fill(long address, long bytes);

  abstract void enqueueUpload(long to, MemorySegment from);

  /** From native memory; may return before it is done, but not before {@code from} was read. */
  abstract void upload(long to, MemorySegment from);

  /** To native memory; waits. */
  abstract void download(MemorySegment to, long from);

  abstract void copy(long to, long from, long bytes);

  final void uploadAny(long to, MemorySegment from) {
    if (from.isNative()) {
      upload(to, from);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long size = from.byteSize();
      MemorySegment piece = arena.allocate(Math.min(PIECE, size));
      for (long at = 0; at < size; at += PIECE) {
        long n = Math.min(PIECE, size - at);
        MemorySegment.copy(from, at, piece, 0, n);
        upload(to + at, piece.asSlice(0, n));
      }
    }
  }

  final void downloadAny(MemorySegment to, long from) {
    if (to.isNative()) {
      download(to, from);
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      long size = to.byteSize();
      MemorySegment piece = arena.allocate(Math.min(PIECE, size), JAVA_BYTE.byteAlignment());
      for (long at = 0; at < size; at += PIECE) {
        long n = Math.min(PIECE, size - at);
        download(piece.asSlice(0, n), from + at);
        MemorySegment.copy(piece, 0, to, at, n);
      }
    }
  }

  final void requireOpen() {
    if (closed) {
      throw new IllegalStateException("device %s is closed".formatted(name()));
    }
  }

  abstract void shut();

  /** Waits for all work, and lets go of the device. Memory obtained from it must not be used. */
  @Override
  public final synchronized void close() {
    if (!closed) {
      synchronize();
      closed = true;
      shut();
    }
  }

  @Override
  public String toString() {
    return name();
  }
}
