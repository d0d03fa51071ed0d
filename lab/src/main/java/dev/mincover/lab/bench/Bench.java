package dev.mincover.lab.bench;

import dev.mincover.lab.common.Seed;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Shape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.bytedeco.pytorch.global.torch;

/**
 * Times optimizers over workloads and numbers of threads. The optimizers of a block are bound at
 * the same time, to the same weights and gradients, and step in turn.
 *
 * @param workloads in this order
 * @param contestants the SGD pass first
 * @param threads numbers of threads; each workload has one block for each
 * @param time for all blocks; a block whose minimum of rounds needs longer takes longer
 */
public record Bench(
    List<Workload> workloads, List<Contestant> contestants, List<Integer> threads, Duration time) {

  /** An estimate for planning: nanoseconds per byte moved. */
  private static final double NANOS_A_BYTE = 0.05;

  /** An estimate for planning: nanoseconds per weight to fill the buffers. */
  private static final double NANOS_TO_FILL = 5;

  /** Time that short blocks get in addition to that of their minimum of rounds. */
  private static final double LEAST_SPARE_NANOS = 1e9;

  private static final int ROUNDS_NEEDED = 12;

  /**
   * A workload that makes the JVM compile all code that is timed: it has tensors of every rank and
   * width with a path of its own.
   */
  private static final Workload WARM_UP =
      new Workload(
          "warm-up",
          List.of(
              Shape.of(128, 256),
              Shape.of(1024, 8),
              Shape.of(8, 1024),
              Shape.of(16, 16, 3, 3),
              Shape.of(5000)));

  private static final long WARM_UP_NANOS = 500_000_000;

  /** Follows the blocks. */
  public interface Listener {
    /** A block begins. */
    void begins(Workload workload, int threads);

    /** A share of the block is done, from 0 to 1. */
    void at(double share);

    /** A block is done. */
    void done(Block block);
  }

  /** Copies the lists, and puts the SGD pass, with which the others are compared, first. */
  public Bench {
    workloads = List.copyOf(workloads);
    List<Contestant> others = new ArrayList<>(contestants);
    others.removeIf(contestant -> contestant.name().equals(Contestant.SGD_PASS));
    others.addFirst(Contestant.ALL.getFirst());
    contestants = List.copyOf(others);
    threads = List.copyOf(threads);
  }

  /** Returns an upper estimate of the bytes allocated for a workload. */
  public long bytes(Workload workload) {
    long bytes = 0;
    for (DataType type : types()) {
      bytes += 2 * workload.weights() * type.bytes();
    }
    for (Contestant contestant : contestants) {
      bytes += contestant.memory(workload);
    }
    return bytes;
  }

  private List<DataType> types() {
    return contestants.stream().map(Contestant::type).distinct().toList();
  }

  /** Runs all blocks. Changes libtorch's number of threads until it returns. */
  public void run(Listener listener) {
    int before = torch.get_num_threads();
    try {
      runBlocks(listener);
    } finally {
      torch.set_num_threads(before);
    }
  }

  private void runBlocks(Listener listener) {
    long start = System.nanoTime();
    try (Workbench bench = new Workbench(WARM_UP)) {
      for (int n : threads) {
        bench.with(n, steppers -> Rounds.warmUp(steppers, WARM_UP_NANOS / threads.size()));
      }
    }
    int blocks = workloads.size() * threads.size();
    double needed = workloads.stream().mapToDouble(this::nanosNeeded).sum() * threads.size();
    RandomGenerator random = Seed.generator(1);
    for (Workload workload : workloads) {
      try (Workbench bench = new Workbench(workload)) {
        for (int n : threads) {
          listener.begins(workload, n);
          double left = time.toNanos() - (double) (System.nanoTime() - start);
          // If time is short, a block that is faster than planned gives no time away.
          double share = nanosNeeded(workload) * Math.clamp(left / needed, 0, 1);
          double spare = Math.max(LEAST_SPARE_NANOS, (left - needed) / blocks);
          long nanos = (long) (share + spare);
          bench.with(
              n,
              steppers -> {
                Rounds rounds = new Rounds(steppers, random);
                rounds.run(nanos, listener::at);
                listener.done(block(workload, n, steppers, rounds));
              });
          needed -= nanosNeeded(workload);
          blocks--;
        }
      }
    }
  }

  /** Returns about how long the minimum of rounds takes, for one number of threads. */
  private double nanosNeeded(Workload workload) {
    double moved = contestants.stream().mapToDouble(Contestant::movedBytes).sum();
    return workload.weights()
        * (moved * NANOS_A_BYTE * ROUNDS_NEEDED + NANOS_TO_FILL / threads.size());
  }

  private Block block(Workload workload, int n, List<Stepper> steppers, Rounds rounds) {
    List<Rounds.Timing> timings = rounds.timings();
    List<Measurement> measurements = new ArrayList<>();
    for (int i = 0; i < steppers.size(); i++) {
      Contestant contestant = contestants.get(i);
      double nanos = timings.get(i).nanos();
      measurements.add(
          new Measurement(
              workload.name(),
              n,
              contestant.name(),
              nanos * 1e-6,
              contestant.minimalBytes() * (double) workload.weights() / nanos,
              timings.get(i).ratio(),
              (double) steppers.get(i).stateBytes() / workload.weights()));
    }
    return new Block(workload, n, rounds.rounds(), measurements);
  }

  /** The buffers of a workload, to which the optimizers are bound. */
  private final class Workbench implements AutoCloseable {
    private final Workload workload;
    private final Map<DataType, Buffers> buffers = new EnumMap<>(DataType.class);

    Workbench(Workload workload) {
      this.workload = workload;
    }

    /** Binds all optimizers while the work runs. */
    void with(int threads, Consumer<List<Stepper>> work) {
      torch.set_num_threads(threads);
      List<Stepper> steppers = new ArrayList<>();
      try {
        for (Contestant contestant : contestants) {
          steppers.add(contestant.binding().bind(of(contestant.type()), threads));
        }
        work.accept(steppers);
      } finally {
        steppers.forEach(Stepper::close);
      }
    }

    private Buffers of(DataType type) {
      return buffers.computeIfAbsent(type, _ -> new Buffers(workload, type));
    }

    @Override
    public void close() {
      buffers.values().forEach(Buffers::close);
    }
  }
}
