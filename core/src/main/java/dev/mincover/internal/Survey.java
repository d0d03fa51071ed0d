package dev.mincover.internal;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A look at all gradients before a step: the largest magnitude of each, and the sum of all squares.
 * Work is shared in stretches of fixed length, whose sums are added up in order, so that threads do
 * not show in the result.
 */
public final class Survey {

  /** Values in a stretch, about. */
  static final int STRETCH = 1 << 16;

  private final Step step;

  // By job: the tensor, and its first entry and offset of a stretch; then what was found.
  private int[] tensor = {};
  private long[] entry = {};
  private long[] offset = {};
  private int[] largest = {};
  private double[] squares = {};

  /** Uses the threads and the tiles of {@code step}. */
  public Survey(Step step) {
    this.step = step;
  }

  /** What was found. */
  public static final class Findings {
    private final int[] largest;
    private final double squares;

    Findings(int[] largest, double squares) {
      this.largest = largest;
      this.squares = squares;
    }

    /** Bits of the largest magnitude of one tensor's gradient; 0 if it has none. */
    public int largest(int tensor) {
      return largest[tensor];
    }

    /** The sum of all squares, NaN or infinite if a value is. */
    public double squares() {
      return squares;
    }
  }

  /**
   * Reads all gradients.
   *
   * @param limit what each value is cut to before it is squared; infinity for none
   * @param withSquares whether squares are summed; they are 0 otherwise
   */
  public Findings of(List<@Nullable StepGradient> gradients, float limit, boolean withSquares) {
    int jobs = plan(gradients);
    step.workers()
        .run(
            jobs,
            (job, worker) -> {
              StepGradient gradient = gradients.get(tensor[job]);
              if (gradient != null) {
                read(job, gradient, limit, withSquares, step.scratch(worker));
              }
            });
    int[] found = new int[gradients.size()];
    double sum = 0;
    for (int job = 0; job < jobs; job++) {
      found[tensor[job]] = Math.max(found[tensor[job]], largest[job]);
      sum += squares[job];
    }
    return new Findings(found, sum);
  }

  private int plan(List<@Nullable StepGradient> gradients) {
    int jobs = 0;
    for (int i = 0; i < gradients.size(); i++) {
      StepGradient gradient = gradients.get(i);
      if (gradient == null || gradient.width() == 0) {
        continue;
      }
      long perJob = entriesOfJob(gradient);
      for (long e = 0; e < gradient.entries(); e += perJob) {
        for (long o = 0; o < gradient.width(); o += STRETCH) {
          ensure(jobs + 1);
          tensor[jobs] = i;
          entry[jobs] = e;
          offset[jobs++] = o;
        }
      }
    }
    return jobs;
  }

  /** Short entries share a job; long ones take several each. */
  private static long entriesOfJob(StepGradient gradient) {
    return Math.max(1, STRETCH / gradient.width());
  }

  private void ensure(int jobs) {
    if (tensor.length < jobs) {
      int length = Math.max(jobs, 2 * tensor.length);
      tensor = Arrays.copyOf(tensor, length);
      entry = Arrays.copyOf(entry, length);
      offset = Arrays.copyOf(offset, length);
      largest = new int[length];
      squares = new double[length];
    }
  }

  private void read(
      int job, StepGradient gradient, float limit, boolean withSquares, Scratch scratch) {
    long lastEntry = Math.min(gradient.entries(), entry[job] + entriesOfJob(gradient));
    long end = Math.min(gradient.width(), offset[job] + STRETCH);
    int max = 0;
    double sum = 0;
    for (long e = entry[job]; e < lastEntry; e++) {
      for (long o = offset[job]; o < end; o += RowPass.TILE) {
        int n = (int) Math.min(RowPass.TILE, end - o);
        if (!withSquares && gradient.isPlain(e)) {
          max = Math.max(max, gradient.largest(e, o, n));
          continue;
        }
        gradient.loadRaw(e, o, n, scratch.g, scratch.other);
        for (int j = 0; j < n; j++) {
          max = Math.max(max, Float.floatToRawIntBits(scratch.g[j]) & RowKernel.MAGNITUDE);
        }
        if (withSquares) {
          for (int j = 0; j < n; j++) {
            double g = Math.min(Math.abs(scratch.g[j]), limit);
            sum += g * g;
          }
        }
      }
    }
    largest[job] = max;
    squares[job] = sum;
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
    Scratch scratch = step.scratch(0);
    for (long e = 0; e < gradient.entries(); e++) {
      for (long o = 0; o < gradient.width(); o += RowPass.TILE) {
        int n = (int) Math.min(RowPass.TILE, gradient.width() - o);
        gradient.loadRaw(e, o, n, scratch.g, scratch.other);
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
