package dev.mincover.gpu.device;

import java.lang.foreign.MemorySegment;

/**
 * A stretch of a device's memory. It is no {@link MemorySegment}: the host cannot read it, and what
 * takes the one does not take the other.
 *
 * <p>Memory that a {@link Device} has allocated is freed by {@link #close}; slices and memory of
 * somebody else's are not.
 */
public final class DeviceMemory implements AutoCloseable {

  private final Device device;
  private final long address;
  private final long bytes;
  private final boolean owned;
  private boolean closed;

  DeviceMemory(Device device, long address, long bytes, boolean owned) {
    this.device = device;
    this.address = address;
    this.bytes = bytes;
    this.owned = owned;
  }

  /** Where it is. */
  public Device device() {
    return device;
  }

  /** The device's address of the first byte; 0 if there is none. */
  public long address() {
    return address;
  }

  /** How many bytes there are. */
  public long byteSize() {
    return bytes;
  }

  /**
   * A part of this memory, which is valid as long as the whole.
   *
   * @throws IndexOutOfBoundsException if it is no part of it
   */
  public DeviceMemory slice(long offset, long size) {
    if (offset < 0 || size < 0 || offset > bytes - size) {
      throw new IndexOutOfBoundsException(
          "%d bytes from %d on of device memory of %d".formatted(size, offset, bytes));
    }
    return new DeviceMemory(device, address + offset, size, false);
  }

  /**
   * Overwrites this memory, in order with the device's other work.
   *
   * @param from as many bytes; may be overwritten as soon as this returns
   * @throws IllegalArgumentException if it has another size
   */
  public void upload(MemorySegment from) {
    requireBytes(from.byteSize());
    requireUsable();
    if (bytes > 0) {
      device.uploadAny(address, from);
    }
  }

  /**
   * Copies this memory to the host, once all work given before is done; waits for that.
   *
   * @param to as many bytes; overwritten
   * @throws IllegalArgumentException if it has another size
   */
  public void download(MemorySegment to) {
    requireBytes(to.byteSize());
    requireUsable();
    if (bytes > 0) {
      device.downloadAny(to, address);
    }
  }

  /** Overwrites this memory with other memory of the same device and size. */
  public void copyFrom(DeviceMemory from) {
    requireBytes(from.byteSize());
    requireUsable();
    if (bytes > 0) {
      device.copy(address, from.address, bytes);
    }
  }

  /** Overwrites this memory with zeros. */
  public void clear() {
    requireUsable();
    if (bytes > 0) {
      device.fill(address, bytes);
    }
  }

  void requireBytes(long size) {
    if (size != bytes) {
      throw new IllegalArgumentException(
          "%d bytes are copied to or from device memory of %d".formatted(size, bytes));
    }
  }

  private void requireUsable() {
    device.requireOpen();
    if (closed) {
      throw new IllegalStateException("this device memory was freed");
    }
  }

  /** Whether it was freed; of a slice, nothing is known. */
  public boolean isClosed() {
    return closed;
  }

  /** Frees memory that was allocated; does nothing to a slice, or to somebody else's. */
  @Override
  public void close() {
    if (owned && !closed) {
      closed = true;
      device.release(address);
      device.allocated.addAndGet(-bytes);
    }
  }

  @Override
  public String toString() {
    return "%d bytes at 0x%x of %s".formatted(bytes, address, device);
  }
}
