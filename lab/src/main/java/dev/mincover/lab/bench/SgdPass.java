package dev.mincover.lab.bench;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * A plain SGD pass, the upper limit of speed: w -= eta * g in place, over all tensors, as fast as
 * this JVM can do it. It moves 12 bytes per weight, which is the minimum for an optimizer that
 * reads float32 gradients and changes float32 weights.
 *
 * <p>The weights are divided evenly among the threads, regardless of tensors: each thread gets a
 * contiguous range in pieces. A thread that has finished early takes pieces of others.
 */
public final class SgdPass implements AutoCloseable {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** The number of weights below which sharing the work takes longer than it saves. */
  private static final int LEAST_SHARED = 1 << 16;

  /** The number of weights in a cache line, a multiple of the number in a vector. */
  private static final int LINE = 16;

  private static final int LARGEST_PIECE = 1 << 16;
  private static final int SMALLEST_PIECE = 1 << 12;
  private static final long PIECES_A_THREAD = 16L;

  private final MemorySegment[] weights;
  private final MemorySegment[] gradients;

  /** Worker i owns the pieces from {@code first[i]} to {@code first[i + 1]}. */
  private final int[] first;

  /** The next piece of each worker that is to be done. */
  private final AtomicInteger[] next;

  private final Team team;
  private float eta;

  /**
   * Prepares a pass over tensors, whose memory must stay valid.
   *
   * @param weights float32 in native byte order; passes overwrite them
   * @param gradients as many as weights
   * @param threads at least 1, including the caller
   */
  public SgdPass(List<MemorySegment> weights, List<MemorySegment> gradients, int threads) {
    long total = weights.stream().mapToLong(MemorySegment::byteSize).sum() / Float.BYTES;
    int workers = total < LEAST_SHARED ? 1 : threads;
    long piece = Math.clamp(total / (workers * PIECES_A_THREAD), SMALLEST_PIECE, LARGEST_PIECE);
    long bytes = piece / LINE * LINE * Float.BYTES; // No cache line belongs to two threads.
    List<MemorySegment> weightPieces = pieces(weights, bytes);
    this.weights = weightPieces.toArray(MemorySegment[]::new);
    this.gradients = pieces(gradients, bytes).toArray(MemorySegment[]::new);
    first = new int[workers + 1];
    next = new AtomicInteger[workers];
    long before = 0;
    int worker = 1;
    for (int i = 0; i < this.weights.length && worker < workers; i++) {
      before += this.weights[i].byteSize() / Float.BYTES;
      while (worker < workers && before >= total * worker / workers) {
        first[worker++] = i + 1;
      }
    }
    first[workers] = this.weights.length;
    for (int i = 0; i < workers; i++) {
      next[i] = new AtomicInteger();
    }
    team = new Team(workers);
  }

  private static List<MemorySegment> pieces(List<MemorySegment> tensors, long bytes) {
    List<MemorySegment> pieces = new ArrayList<>();
    for (MemorySegment tensor : tensors) {
      for (long at = 0; at < tensor.byteSize(); at += bytes) {
        pieces.add(tensor.asSlice(at, Math.min(bytes, tensor.byteSize() - at)));
      }
    }
    return pieces;
  }

  /** Takes one pass: w -= eta * g. The product is rounded before the difference. */
  public void step(float eta) {
    this.eta = eta;
    for (int i = 0; i < next.length; i++) {
      next[i].setRelease(first[i]);
    }
    team.run(this::work);
  }

  private void work(int worker) {
    float eta = this.eta;
    for (int turn = 0; turn < next.length; turn++) { // Its own range first.
      int owner = (worker + turn) % next.length;
      while (true) {
        int i = next[owner].getAndIncrement();
        if (i >= first[owner + 1]) {
          break;
        }
        pass(weights[i], gradients[i], (int) (weights[i].byteSize() / Float.BYTES), eta);
      }
    }
  }

  /**
   * Passes over both halves at the same time: two streams of each tensor use more of the memory
   * channels.
   */
  private static void pass(MemorySegment w, MemorySegment g, int n, float eta) {
    int half = n / (2 * LINE) * LINE;
    long other = (long) half * Float.BYTES;
    for (int j = 0; j < half; j += F.length()) {
      long o = (long) j * Float.BYTES;
      move(w, g, o, eta);
      move(w, g, o + other, eta);
    }
    for (int j = 2 * half; j < n; j++) {
      float product = g.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, j) * eta;
      float moved = w.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, j) - product;
      w.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, j, moved);
    }
  }

  private static void move(MemorySegment w, MemorySegment g, long at, float eta) {
    FloatVector.fromMemorySegment(F, w, at, ORDER)
        .sub(FloatVector.fromMemorySegment(F, g, at, ORDER).mul(eta))
        .intoMemorySegment(w, at, ORDER);
  }

  /** Ends the threads. */
  @Override
  public void close() {
    team.close();
  }
}
