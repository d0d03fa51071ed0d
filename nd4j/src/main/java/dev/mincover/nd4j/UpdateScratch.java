package dev.mincover.nd4j;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * An array of zeros that updates are computed in: core moves weights, and weights of 0 that have
 * moved by an update are the update. It is as large as the largest variable, and freed with the
 * last updater that holds it.
 */
final class UpdateScratch {

  /** Copied and made zero at a time: it stays in a core's own cache meanwhile. */
  private static final long CHUNK = 1 << 17;

  private static final long CACHE_LINE = 64;

  private MemorySegment zeros = MemorySegment.ofArray(new byte[0]);
  private long wanted;

  /** Says how large the array will have to be, before the first step allocates it. */
  synchronized void expect(long bytes) {
    wanted = Math.max(wanted, bytes);
  }

  /** Returns zeros of the given size, which {@link #moveTo} must make zeros again. */
  synchronized MemorySegment zeros(long bytes) {
    expect(bytes);
    if (zeros.byteSize() < wanted) {
      zeros = Arena.ofAuto().allocate(wanted, CACHE_LINE);
    }
    return zeros.asSlice(0, bytes);
  }

  /** Moves an update to where it belongs and leaves zeros. */
  static void moveTo(MemorySegment to, MemorySegment update) {
    long bytes = update.byteSize();
    for (long at = 0; at < bytes; at += CHUNK) {
      long length = Math.min(CHUNK, bytes - at);
      MemorySegment.copy(update, at, to, at, length);
      update.asSlice(at, length).fill((byte) 0);
    }
  }
}
