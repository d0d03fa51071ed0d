package dev.mincover.benchmarks;

import dev.mincover.Optimizer;
import dev.mincover.lab.common.Seed;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A step of SM3 over 4,096 rows of an embedding, drawn anew from step to step: what it costs should
 * not depend on how many rows there are, but for what caches hold of them.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class SparseBenchmark {

  private static final int WIDTH = 64;
  private static final int TOUCHED = 4096;

  /** So many draws, together 64 MiB of gradients, are prepared and taken in turn. */
  private static final int DRAWS = 64;

  /** Of the embedding; with momentum 10 million take 5.2 GB. */
  @Param({"10000", "100000", "1000000", "10000000"})
  private int rows;

  /** Kept in float32, or 0 for none. */
  @Param({"0", "0.9"})
  private double momentum;

  /** Threads of the optimizer. */
  @Param({"1", "2"})
  private int threads;

  private final List<Map<String, Gradient>> gradients = new ArrayList<>();
  private Arena arena;
  private Optimizer optimizer;
  private int next;

  /** Makes the embedding and the gradients. */
  @Setup
  @SuppressWarnings("MustBeClosedChecker") // The tear-down closes it.
  public void open() {
    arena = Arena.ofShared();
    RandomGenerator random = Seed.generator(1);
    MemorySegment weights = arena.allocate((long) rows * WIDTH * Float.BYTES, 64);
    for (int draw = 0; draw < DRAWS; draw++) {
      MemorySegment values = arena.allocate((long) TOUCHED * WIDTH * Float.BYTES, 64);
      for (int i = 0; i < TOUCHED * WIDTH; i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (0.01 * random.nextGaussian()));
      }
      gradients.add(Map.of("w", Gradient.rows(indices(random), values, DataType.FLOAT32)));
    }
    optimizer =
        Optimizer.bind(
            Sm3.learningRate(1e-6).momentum(Momentum.average(momentum)),
            List.of(Parameter.of("w", Shape.of(rows, WIDTH), weights)),
            threads);
  }

  /** Distinct, in no order. */
  private MemorySegment indices(RandomGenerator random) {
    Set<Integer> seen = new HashSet<>();
    MemorySegment indices = arena.allocate((long) TOUCHED * Long.BYTES, 64);
    while (seen.size() < TOUCHED) {
      int row = random.nextInt(rows);
      if (seen.add(row)) {
        indices.setAtIndex(ValueLayout.JAVA_LONG, seen.size() - 1, row);
      }
    }
    return indices;
  }

  /** Takes one step. */
  @Benchmark
  public void step() {
    optimizer.step(gradients.get(next));
    next = (next + 1) % DRAWS;
  }

  /** Frees them. */
  @TearDown
  public void close() {
    optimizer.close();
    arena.close();
  }
}
