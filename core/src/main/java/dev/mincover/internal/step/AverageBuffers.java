package dev.mincover.internal.step;

import dev.mincover.average.Average;
import dev.mincover.internal.gradient.GradientScan;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.internal.thread.WorkerTeam;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The averages of all weights that learn, in float32, and their exchange with the weights. */
public final class AverageBuffers {

  /** One parameter's. */
  private static final class One {
    final Parameter parameter;
    final MemorySegment segment;
    final Storage average;
    final Storage weights;

    One(Parameter parameter, NativeMemory memory) {
      this.parameter = parameter;
      segment = allocate(parameter.shape(), memory);
      average = new Float32(segment);
      // To nearest: what is evaluated should not depend on a seed.
      weights = Storage.of(parameter.type(), parameter.weights(), false);
    }
  }

  /** A stretch of one parameter, a job for a thread. */
  private record Stretch(One one, long from, long to) {}

  private final List<One> all = new ArrayList<>();
  private final List<Stretch> stretches = new ArrayList<>();
  private final WorkerTeam team;

  /** While averages are in the weights' place: where copies of 16-bit weights are kept. */
  private @Nullable Arena copies;

  private final List<MemorySegment> copied = new ArrayList<>();

  /** Allocates averages that begin as the weights are. */
  public AverageBuffers(List<Parameter> parameters, WorkerTeam team, NativeMemory memory) {
    this.team = team;
    for (Parameter parameter : parameters) {
      One one = new One(parameter, memory);
      all.add(one);
      long size = parameter.shape().size();
      for (long from = 0; from < size; from += GradientScan.STRETCH) {
        stretches.add(new Stretch(one, from, Math.min(size, from + GradientScan.STRETCH)));
      }
    }
    update(1);
  }

  private static MemorySegment allocate(Shape shape, NativeMemory memory) {
    return memory.floats(shape.size());
  }

  /** Bytes of the average, if any is kept, of a parameter of some shape. */
  public static long bytes(Average average, Shape shape) {
    NativeMemory counted = NativeMemory.counting();
    if (!(average instanceof Average.None)) {
      allocate(shape, counted);
    }
    return counted.bytes();
  }

  /** One parameter's average in its own memory, by its place among the parameters. */
  public MemorySegment segment(int i) {
    return all.get(i).segment;
  }

  /** Bytes of one parameter's average, by its place among the parameters. */
  public long bytes(int i) {
    return all.get(i).segment.byteSize();
  }

  /**
   * Moves the averages towards the weights: avg = avg - a * (avg - w).
   *
   * @param a in [0, 1]; 1 makes them equal
   */
  public void update(double a) {
    float towards = (float) a;
    forEachTile((one, at, n, scratch) -> {
      float[] w = scratch.w;
      float[] avg = scratch.m;
      one.weights.load(at, n, w);
      if (towards == 1) {
        one.average.store(at, n, w, 0);
        return;
      }
      one.average.load(at, n, avg);
      for (int j = 0; j < n; j++) {
        avg[j] -= towards * (avg[j] - w[j]);
      }
      one.average.store(at, n, avg, 0);
    });
  }

  /** Whether averages are in the weights' place. */
  public boolean areSwappedIn() {
    return copies != null;
  }

  /** Bytes that copies of 16-bit weights take at the moment. */
  public long copyBytes() {
    return copied.stream().mapToLong(MemorySegment::byteSize).sum();
  }

  /** Puts the averages in the weights' place. */
  @SuppressWarnings("MustBeClosedChecker") // Closed when swapped out.
  public void swapIn() {
    Arena arena = Arena.ofShared();
    try {
      for (One one : all) {
        if (one.parameter.type() != DataType.FLOAT32) {
          copied.add(
              arena
                  .allocate(one.parameter.weights().byteSize(), Long.BYTES)
                  .copyFrom(one.parameter.weights()));
        }
      }
    } catch (RuntimeException | Error failure) {
      copied.clear();
      arena.close();
      throw failure;
    }
    copies = arena;
    forEachTile((one, at, n, scratch) -> {
      if (one.parameter.type() == DataType.FLOAT32) {
        exchange(one, at, n, scratch);
      } else {
        one.average.load(at, n, scratch.m);
        one.weights.store(at, n, scratch.m, 0);
      }
    });
  }

  /**
   * Brings the weights back.
   *
   * @param restored which parameters; the others keep their averages, and their weights are lost
   */
  public void swapOut(Predicate<Parameter> restored) {
    Arena arena = copies;
    if (arena == null) {
      return;
    }
    copies = null;
    Iterator<MemorySegment> saved = copied.iterator();
    try {
      for (One one : all) {
        if (one.parameter.type() != DataType.FLOAT32) {
          MemorySegment copy = saved.next();
          if (restored.test(one.parameter)) {
            one.parameter.weights().copyFrom(copy);
          }
        }
      }
      forEachTile((one, at, n, scratch) -> {
        if (one.parameter.type() == DataType.FLOAT32 && restored.test(one.parameter)) {
          exchange(one, at, n, scratch);
        }
      });
    } finally {
      copied.clear();
      arena.close();
    }
  }

  private static void exchange(One one, long at, int n, ThreadScratch scratch) {
    one.weights.load(at, n, scratch.w);
    one.average.load(at, n, scratch.m);
    one.weights.store(at, n, scratch.m, 0);
    one.average.store(at, n, scratch.w, 0);
  }

  private interface TileWork {
    void on(One one, long at, int n, ThreadScratch scratch);
  }

  private void forEachTile(TileWork work) {
    team.run(
        stretches.size(),
        (job, worker) -> {
          Stretch stretch = stretches.get(job);
          for (long at = stretch.from; at < stretch.to; at += ThreadScratch.TILE) {
            int n = (int) Math.min(ThreadScratch.TILE, stretch.to - at);
            work.on(stretch.one, at, n, team.scratch(worker));
          }
        });
  }
}
