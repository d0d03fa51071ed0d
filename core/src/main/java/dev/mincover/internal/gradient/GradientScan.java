package dev.mincover.internal.gradient;

import static java.util.Objects.requireNonNull;

import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.internal.thread.WorkerTeam;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The scan of all gradients before a step. It finds the largest magnitude of each gradient, and the
 * sum of all squares. Threads share the work in stretches of fixed length, whose sums are added up
 * in order, so that the number of threads does not show in the result.
 *
 * <p>Within a stretch, values are dealt out to {@link ThreadScratch#LANES} lanes in turn. Each lane
 * is added up in order, and then the upper half of the lanes is added to the lower half, until one
 * is left: an order that a group of threads on a device can keep, too, reading neighbours together.
 */
public final class GradientScan {

  /** Values in a stretch, about. */
  public static final int STRETCH = 1 << 16;

  private static final @Nullable StepGradient[] NONE = {};

  private final WorkerTeam team;

  // By stretch: the tensor, and its first entry and offset; then what was found.
  private int[] tensor = {};
  private long[] entry = {};
  private long[] offset = {};
  private int[] largest = {};
  private double[] squares = {};

  /** By job and one more, its first stretch: those of small tensors are handed over together. */
  private int[] jobs = {};

  // Of the scan under way, or the last one.
  private @Nullable StepGradient[] gradients = {};
  private float limit;
  private boolean withSquares;
  private int[] found = {};
  private double sum;

  // Made once: a scan leaves nothing on the heap.
  private final WorkerTeam.Job read = this::read;

  /** Uses the threads of a team, and their tiles. */
  public GradientScan(WorkerTeam team) {
    this.team = team;
  }

  /** Bits of the largest magnitude of one tensor's gradient; 0 if it has none. */
  public int largest(int tensor) {
    return found[tensor];
  }

  /** The sum of all squares, NaN or infinite if a value is; 0 if they were not asked for. */
  public double squares() {
    return sum;
  }

  /**
   * Reads all gradients; {@link #largest} and {@link #squares} return what was found.
   *
   * @param gradients by tensor; null where there is none
   * @param limit what each value is cut to before it is squared; infinity for none
   * @param withSquares whether squares are summed; they are 0 otherwise
   */
  public void read(@Nullable StepGradient[] gradients, float limit, boolean withSquares) {
    this.gradients = gradients;
    this.limit = limit;
    this.withSquares = withSquares;
    int count = plan();
    team.run(count, read);
    if (found.length < gradients.length) {
      found = new int[gradients.length];
    }
    Arrays.fill(found, 0);
    sum = 0;
    for (int i = 0; i < jobs[count]; i++) {
      found[tensor[i]] = Math.max(found[tensor[i]], largest[i]);
      sum += squares[i];
    }
    this.gradients = NONE;
  }

  /** Cuts all gradients into stretches, and those into jobs; returns how many jobs there are. */
  private int plan() {
    int count = 0;
    int stretches = 0;
    long values = 0;
    ensure(1);
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient == null || gradient.width() == 0) {
        continue;
      }
      long perStretch = entriesOfStretch(gradient);
      for (long e = 0; e < gradient.entries(); e += perStretch) {
        for (long o = 0; o < gradient.width(); o += STRETCH) {
          ensure(stretches + 1);
          if (values == 0) {
            jobs[count++] = stretches;
          }
          tensor[stretches] = i;
          entry[stretches] = e;
          offset[stretches++] = o;
          values += Math.min(STRETCH, perStretch * gradient.width());
          values = values < STRETCH / 2 ? values : 0;
        }
      }
    }
    jobs[count] = stretches;
    return count;
  }

  /** Short entries share a stretch; long ones take several each. */
  private static long entriesOfStretch(StepGradient gradient) {
    return Math.max(1, STRETCH / gradient.width());
  }

  private void ensure(int stretches) {
    if (tensor.length < stretches) {
      int length = Math.max(stretches, 2 * tensor.length);
      tensor = Arrays.copyOf(tensor, length);
      entry = Arrays.copyOf(entry, length);
      offset = Arrays.copyOf(offset, length);
      jobs = Arrays.copyOf(jobs, length + 1);
      largest = new int[length];
      squares = new double[length];
    }
  }

  private void read(int job, int worker) {
    for (int i = jobs[job]; i < jobs[job + 1]; i++) {
      read(i, requireNonNull(gradients[tensor[i]]), team.scratch(worker));
    }
  }

  private void read(int i, StepGradient gradient, ThreadScratch scratch) {
    long lastEntry = Math.min(gradient.entries(), entry[i] + entriesOfStretch(gradient));
    long end = Math.min(gradient.width(), offset[i] + STRETCH);
    int max = 0;
    double[] sums = scratch.lanes;
    Arrays.fill(sums, 0);
    int lane = 0;
    for (long e = entry[i]; e < lastEntry; e++) {
      for (long o = offset[i]; o < end; o += ThreadScratch.TILE) {
        int n = (int) Math.min(ThreadScratch.TILE, end - o);
        if (!withSquares && gradient.isPlain(e)) {
          max = Math.max(max, gradient.largest(e, o, n));
          continue;
        }
        gradient.loadEntry(e, o, n, scratch.g, scratch.other);
        for (int j = 0; j < n; j++) {
          max = Math.max(max, Float.floatToRawIntBits(scratch.g[j]) & RowKernel.MAGNITUDE);
        }
        if (withSquares) {
          for (int j = 0; j < n; j++) {
            double g = Math.min(Math.abs(scratch.g[j]), limit);
            sums[(lane + j) & (ThreadScratch.LANES - 1)] += g * g;
          }
          lane += n;
        }
      }
    }
    largest[i] = max;
    squares[i] = added(sums);
  }

  private static double added(double[] sums) {
    for (int half = ThreadScratch.LANES / 2; half > 0; half /= 2) {
      for (int j = 0; j < half; j++) {
        sums[j] += sums[j + half];
      }
    }
    return sums[0];
  }

  /**
   * A gradient that no step can be taken from.
   *
   * @param at its position in the tensor, in row-major order
   * @param value before it is transformed
   */
  public record Bad(long at, float value) {}

  /**
   * Where a gradient is first not finite, or where its square is not once it is transformed; null
   * if nowhere.
   */
  public @Nullable Bad firstBad(StepGradient gradient) {
    ThreadScratch scratch = team.scratch(0);
    for (long e = 0; e < gradient.entries(); e++) {
      for (long o = 0; o < gradient.width(); o += ThreadScratch.TILE) {
        int n = (int) Math.min(ThreadScratch.TILE, gradient.width() - o);
        gradient.loadEntry(e, o, n, scratch.g, scratch.other);
        System.arraycopy(scratch.g, 0, scratch.u, 0, n);
        gradient.transform(n, scratch.u);
        for (int j = 0; j < n; j++) {
          if (!Float.isFinite(scratch.g[j]) || !Float.isFinite(scratch.u[j] * scratch.u[j])) {
            return new Bad(gradient.flat(e, o + j), scratch.g[j]);
          }
        }
      }
    }
    return null;
  }
}
