package dev.mincover.benchmarks;

import dev.mincover.Optimizer;
import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.lab.common.Machine;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What a checkpoint costs beside moving the same bytes plainly. Saving is compared with writing
 * weights and state to a file and forcing it once, restoring with reading them back from such a
 * file. The two take turns on the same disk, and the medians and their ratio are printed, with the
 * memory that a save adds to the process.
 *
 * <p>Arguments: a folder on the disk to measure, megabytes of weights, rounds, and {@code cold} to
 * read files that are not in the system's memory, which needs the right to drop its caches.
 */
final class CheckpointBenchmark {

  private static final int SIDE = 2048;
  private static final long MATRIX = 4L * SIDE * SIDE;
  private static final int CHUNK = 1 << 20;

  private CheckpointBenchmark() {}

  /** Something that moves all bytes. */
  private interface Work {
    void run() throws IOException;
  }

  /** Runs the comparison and prints it. */
  public static void main(String[] arguments) throws IOException {
    Path folder = Path.of(arguments.length > 0 ? arguments[0] : ".");
    long megabytes = arguments.length > 1 ? Long.parseLong(arguments[1]) : 1000;
    int rounds = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 9;
    boolean cold = arguments.length > 3 && arguments[3].equals("cold");
    Path checkpoint = folder.resolve("checkpoint-benchmark.safetensors");
    Path plain = folder.resolve("checkpoint-benchmark.bytes");
    try (Arena arena = Arena.ofShared();
        Optimizer optimizer = Optimizer.bind(Sm3.learningRate(0.1), weights(megabytes, arena))) {
      List<NamedTensor> tensors = optimizer.state();
      long bytes = tensors.stream().mapToLong(tensor -> tensor.elements().byteSize()).sum();
      System.out.printf(
          "%s; %,d MB of weights and state, %d rounds, medians%n",
          Machine.description(), bytes / 1_000_000, rounds);
      write(plain, tensors);
      compare(
          "save",
          rounds,
          bytes,
          () -> {
            // As a checkpoint does, lest only one of the two get memory that was just freed.
            Path older = Files.move(plain, folder.resolve("checkpoint-benchmark.older"));
            write(plain, tensors);
            Files.delete(older);
          },
          () -> optimizer.save(checkpoint));
      System.out.printf("a save adds %,d KB to the process%n", added(optimizer, checkpoint) / 1000);
      compare(
          cold ? "restore, cold" : "restore, from the system's memory",
          rounds,
          bytes,
          () -> {
            dropCaches(cold);
            read(plain, tensors);
          },
          () -> {
            dropCaches(cold);
            optimizer.load(checkpoint);
          });
    } finally {
      Files.deleteIfExists(checkpoint);
      Files.deleteIfExists(plain);
    }
  }

  private static List<Parameter> weights(long megabytes, Arena arena) {
    SplittableRandom random = new SplittableRandom(1);
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < Math.max(1, megabytes * 1_000_000 / MATRIX); i++) {
      MemorySegment weights = arena.allocate(MATRIX, Long.BYTES);
      for (long at = 0; at < MATRIX; at += Long.BYTES) {
        weights.set(ValueLayout.JAVA_LONG, at, random.nextLong());
      }
      parameters.add(Parameter.of("h." + i, Shape.of(SIDE, SIDE), weights));
    }
    return parameters;
  }

  private static void compare(String what, int rounds, long bytes, Work plain, Work ours)
      throws IOException {
    double[][] seconds = new double[2][rounds];
    double[] ratios = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      boolean first = i % 2 == 0;
      seconds[first ? 0 : 1][i] = seconds(first ? plain : ours);
      seconds[first ? 1 : 0][i] = seconds(first ? ours : plain);
      ratios[i] = seconds[1][i] / seconds[0][i];
    }
    double base = median(seconds[0]);
    double mine = median(seconds[1]);
    System.out.printf(
        "%s: %.3f s, %.2f GB/s; plain %.3f s, %.2f GB/s; ratio of medians %.3f, median of ratios %.3f%n",
        what, mine, bytes / mine / 1e9, base, bytes / base / 1e9, mine / base, median(ratios));
  }

  private static double seconds(Work work) throws IOException {
    work.run(); // A virtual machine may take memory back that was free for a moment.
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) * 1e-9;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static void write(Path file, List<NamedTensor> tensors) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (NamedTensor tensor : tensors) {
        for (ByteBuffer chunk : chunks(tensor)) {
          while (chunk.hasRemaining()) {
            channel.write(chunk);
          }
        }
      }
      channel.force(true);
    }
  }

  private static void read(Path file, List<NamedTensor> tensors) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      for (NamedTensor tensor : tensors) {
        for (ByteBuffer chunk : chunks(tensor)) {
          while (chunk.hasRemaining()) {
            channel.read(chunk);
          }
        }
      }
    }
  }

  private static List<ByteBuffer> chunks(NamedTensor tensor) {
    List<ByteBuffer> chunks = new ArrayList<>();
    long size = tensor.elements().byteSize();
    for (long at = 0; at < size; at += CHUNK) {
      chunks.add(tensor.elements().asSlice(at, Math.min(CHUNK, size - at)).asByteBuffer());
    }
    return chunks;
  }

  private static void dropCaches(boolean cold) throws IOException {
    if (cold) {
      Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "1");
    }
  }

  /** How much more memory the process has at its most during a save than before it. */
  private static long added(Optimizer optimizer, Path file) throws IOException {
    System.gc();
    Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // The peak starts anew.
    long before = status("VmRSS");
    optimizer.save(file);
    return status("VmHWM") - before;
  }

  private static long status(String name) throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith(name + ":"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }
}
