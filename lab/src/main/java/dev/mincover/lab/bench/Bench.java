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
 * Times contestants over workloads on numbers of threads. Those of a block are bound at the same
 * time, to the same weights and gradients, and take their steps in turn.
 *
 * @param workloads in the order to take
 * @param contestants the SGD pass first
 * @param threads one block of each workload for each
 * @param time for all of it; a block that needs longer for its fewest rounds takes longer
 */
public record Bench(
    List<Workload> workloads, List<Contestant> contestants, List<Integer> threads, Duration time) {

  /** For planning. */
  private static final double NANOS_A_BYTE = 0.05;

  /** Filling the buffers, a weight. */
  private static final double NANOS_TO_FILL = 5;

  /** So that there are more than the fewest rounds where a round is short. */
  private static final double LEAST_SPARE_NANOS = 1e9;

  private static final int ROUNDS_NEEDED = 12;

  /** What is compiled, is compiled here: of every rank and width that takes a path of its own. */
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

  /** Told of what happens. */
  public interface Listener {
    /** A block begins. */
    void begins(Workload workload, int threads);

    /** So much of the block is done, from 0 to 1. */
    void at(double share);

    /** A block is done. */
    void done(Block block);
  }

  /** Copies the lists and puts the SGD pass, which is the unit, before the others. */
  public Bench {
    workloads = List.copyOf(workloads);
    List<Contestant> others = new ArrayList<>(contestants);
    others.removeIf(contestant -> contestant.name().equals(Contestant.SGD_PASS));
    others.addFirst(Contestant.ALL.getFirst());
    contestants = List.copyOf(others);
    threads = List.copyOf(threads);
  }

  /** The bytes allocated for a workload, estimated from above. */
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

  /** Runs all blocks; sets libtorch's threads for as long as it runs. */
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
          // Short of time, a block that is faster than planned has no rounds to give away.
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

  /** About how long the fewest rounds take, on one number of threads. */
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

  /** The buffers of a workload, over which contestants are bound. */
  private final class Workbench implements AutoCloseable {
    private final Workload workload;
    private final Map<DataType, Buffers> buffers = new EnumMap<>(DataType.class);

    Workbench(Workload workload) {
      this.workload = workload;
    }

    /** Binds all contestants for as long as the work takes. */
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
