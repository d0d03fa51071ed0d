package dev.mincover.benchmarks;

import dev.mincover.lab.bench.Buffers;
import dev.mincover.lab.bench.Contestant;
import dev.mincover.lab.bench.Stepper;
import dev.mincover.lab.bench.Workload;
import dev.mincover.lab.libtorch.Libtorch;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.global.torch;
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
 * A step of one contestant alone, in a JVM of its own: for profilers, {@code -prof gc} above all,
 * and for looking at one path closely. Ratios come of {@code mincover bench}, which interleaves.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class StepBenchmark {

  /** A name that {@link Workload#of} knows. */
  @Param({"4096x4096", "768x3072", "4096x8", "8x4096", "512x512x3x3", "1000000", "gpt2", "tiny"})
  private String shape;

  /** Threads of the optimizer. */
  @Param({"1", "2"})
  private int threads;

  /** A name in {@link Contestant#ALL}. */
  @Param({
    "sgd-pass",
    "sm3",
    "sm3-guarded",
    "sm3-momentum",
    "sm3-momentum-bf16",
    "sm3-momentum-int8",
    "sm3-bf16",
    "torch-fused-adam"
  })
  private String optimizer;

  private Buffers buffers;
  private Stepper stepper;

  /** Makes weights, gradients and state. */
  @Setup
  public void open() {
    Libtorch.watchNoMemory();
    torch.set_num_threads(threads);
    Contestant contestant = Contestant.of(optimizer);
    buffers = new Buffers(Workload.of(shape), contestant.type());
    stepper = contestant.binding().bind(buffers, threads);
  }

  /** Takes one step. */
  @Benchmark
  public void step() {
    stepper.step();
  }

  /** Frees them. */
  @TearDown
  public void close() {
    stepper.close();
    buffers.close();
  }
}
