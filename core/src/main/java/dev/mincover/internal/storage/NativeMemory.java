package dev.mincover.internal.storage;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Native memory of one bound optimizer, zeroed and aligned to cache lines, with every byte asked
 * for counted.
 */
public final class NativeMemory implements AutoCloseable {

  private static final long CACHE_LINE = 64;

  /** Null if bytes are only counted. */
  private final @Nullable Arena arena;

  private final @Nullable NativeMemory whole;
  private long bytes;

  /** Memory that holds nothing yet. */
  @SuppressWarnings("MustBeClosedChecker") // Closed by close.
  public NativeMemory() {
    this(Arena.ofShared(), null); // Worker threads read and write it.
  }

  private NativeMemory(@Nullable Arena arena, @Nullable NativeMemory whole) {
    this.arena = arena;
    this.whole = whole;
  }

  /** Memory that is counted and not there: each room is empty, whatever was asked for. */
  public static NativeMemory counting() {
    return new NativeMemory(null, null);
  }

  /** A part of this memory, which counts its own bytes as well; it is closed with the whole. */
  public NativeMemory part() {
    return new NativeMemory(arena, this);
  }

  /** Whether bytes are only counted. */
  public boolean isCounting() {
    return arena == null;
  }

  /** Room for {@code count} float32 values. */
  public MemorySegment floats(long count) {
    return bytes(Math.multiplyExact(count, Float.BYTES));
  }

  /** Room for {@code count} int32 values. */
  public MemorySegment ints(long count) {
    return bytes(Math.multiplyExact(count, Integer.BYTES));
  }

  /** Room for {@code size} bytes. */
  public MemorySegment bytes(long size) {
    MemorySegment segment = arena == null ? MemorySegment.NULL : arena.allocate(size, CACHE_LINE);
    count(size);
    return segment;
  }

  private void count(long size) {
    bytes = Math.addExact(bytes, size);
    if (whole != null) {
      whole.count(size);
    }
  }

  /** All bytes obtained so far, and not given back. */
  public long bytes() {
    return bytes;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }

  /** Room that is replaced when more is needed; what it held is lost then. */
  public final class Growing {
    private @Nullable Arena own;
    private MemorySegment segment = MemorySegment.NULL;

    /** Makes room for {@code floats} values at least. */
    @SuppressWarnings("MustBeClosedChecker") // Closed by the next growth, or by close.
    public void ensure(long floats) {
      long size = Math.multiplyExact(floats, Float.BYTES);
      if (size > segment.byteSize()) {
        close();
        Arena larger = Arena.ofShared();
        own = larger;
        segment = larger.allocate(size, CACHE_LINE);
        count(size);
      }
    }

    public MemorySegment segment() {
      return segment;
    }

    public void close() {
      count(-segment.byteSize());
      segment = MemorySegment.NULL;
      if (own != null) {
        own.close();
        own = null;
      }
    }
  }
}
