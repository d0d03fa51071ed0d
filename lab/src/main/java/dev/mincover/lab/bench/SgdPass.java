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
 * The roofline: w -= eta * g in place, over all tensors, as fast as this JVM can do it. It moves 12
 * bytes a weight, which no optimizer that reads a float32 gradient and changes float32 weights can
 * do without.
 *
 * <p>Weights are divided among threads by number, whatever tensors they belong to: a contiguous
 * range each, in pieces, so that who is done early takes pieces of who is late.
 */
public final class SgdPass implements AutoCloseable {

  private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();

  /** Below so many weights a hand-over takes longer than it saves. */
  private static final int LEAST_SHARED = 1 << 16;

  /** Weights in a cache line, and a multiple of those in a vector. */
  private static final int LINE = 16;

  private static final int LARGEST_PIECE = 1 << 16;
  private static final int SMALLEST_PIECE = 1 << 12;
  private static final long PIECES_A_THREAD = 16L;

  private final MemorySegment[] weights;
  private final MemorySegment[] gradients;

  /** The range of worker i is the pieces from {@code first[i]} to {@code first[i + 1]}. */
  private final int[] first;

  /** By worker, the next of its pieces to be done. */
  private final AtomicInteger[] next;

  private final Team team;
  private float eta;

  /**
   * A pass over tensors, whose memory must stay as long as it is used.
   *
   * @param weights float32, in native byte order, which passes overwrite
   * @param gradients as large as the weights
   * @param threads at least 1, the caller among them
   */
  public SgdPass(List<MemorySegment> weights, List<MemorySegment> gradients, int threads) {
    long total = weights.stream().mapToLong(MemorySegment::byteSize).sum() / Float.BYTES;
    int workers = total < LEAST_SHARED ? 1 : threads;
    long piece = Math.clamp(total / (workers * PIECES_A_THREAD), SMALLEST_PIECE, LARGEST_PIECE);
    long bytes = piece / LINE * LINE * Float.BYTES; // No cache line is written by two.
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

  /** Takes one pass: w -= eta * g, the product rounded before the difference. */
  public void step(float eta) {
    this.eta = eta;
    for (int i = 0; i < next.length; i++) {
      next[i].setRelease(first[i]);
    }
    team.run(this::work);
  }

  private void work(int worker) {
    float eta = this.eta;
    for (int turn = 0; turn < next.length; turn++) { // Its own range first, then those of others.
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

  /** Both halves in step: two streams of each tensor keep more of memory's channels busy. */
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
