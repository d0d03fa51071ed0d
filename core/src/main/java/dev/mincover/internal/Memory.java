package dev.mincover.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Native memory of one bound optimizer, zeroed and aligned to cache lines, with every byte asked
 * for counted.
 */
public final class Memory implements AutoCloseable {

  private static final long CACHE_LINE = 64;

  // Shared, since worker threads read and write it.
  private final Arena arena = Arena.ofShared();
  private long bytes;

  /** Room for {@code count} float32 values. */
  MemorySegment floats(long count) {
    long size = Math.multiplyExact(count, Float.BYTES);
    bytes += size;
    return arena.allocate(size, CACHE_LINE);
  }

  /** All bytes obtained so far. */
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    arena.close();
  }
}
