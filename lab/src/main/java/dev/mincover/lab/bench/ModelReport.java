package dev.mincover.lab.bench;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.common.ByteCount;
import dev.mincover.lab.common.Machine;
import dev.mincover.lab.common.Names;
import dev.mincover.tensor.DataType;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prints what it took to step a model, line by line.
 *
 * @param type of weights and gradients
 * @param threads that share a step
 * @param memory of the machine before the model is allocated
 */
public record ModelReport(
    GptSize size, DataType type, int threads, ModelReport.Memory memory, PrintWriter out) {

  private static final int STATE_BYTES_PER_WEIGHT_ADAM = 2 * Float.BYTES;

  /**
   * Memory of a machine, in bytes.
   *
   * @param physical the total
   * @param available the part that is available
   */
  public record Memory(long physical, long available) {
    public static Memory now() {
      return new Memory(Machine.physicalMemory(), Machine.availableMemory());
    }
  }

  void model() {
    line("machine", Machine.description());
    line(
        "model",
        "%s: %s; %,d weights in %d tensors"
            .formatted(size.name(), size.description(), size.weightCount(), size.tensorCount()));
  }

  void allocated(double seconds) {
    line(
        "memory",
        "%s of weights and as much of gradients in %s, every value written in %.1f s"
            .formatted(ByteCount.format(weightBytes()), Names.of(type), seconds));
  }

  void writes(Path directory) {
    line("files", "writing %s to %s".formatted(ByteCount.format(2 * weightBytes()), directory));
  }

  void written(long bytes, double seconds) {
    line(
        "",
        "%s of weights and as much of gradients in %s, on the disk after %.1f s: %s"
            .formatted(
                ByteCount.format(weightBytes()), Names.of(type), seconds, rate(bytes, seconds)));
  }

  void state(long bytes) {
    line(
        "state",
        "%s for SM3 without momentum, %.4f bytes a weight"
            .formatted(ByteCount.format(bytes), (double) bytes / size.weightCount()));
  }

  /** Prints a line for each optimizer, compared with the first. */
  void turns(List<ModelTurns.Timed> turns) {
    int steps = turns.getFirst().seconds().size();
    line(
        "steps",
        "%d of each in turn, %s, by their median; GB/s are of %d bytes a weight"
            .formatted(steps, threads == 1 ? "1 thread" : threads + " threads", minimalBytes()));
    List<Double> unit = turns.getFirst().seconds();
    for (ModelTurns.Timed timed : turns) {
      List<Double> ratios = new ArrayList<>();
      for (int i = 0; i < steps; i++) {
        ratios.add(timed.seconds().get(i) / unit.get(i));
      }
      line(
          timed.name(),
          "%s, %.2f x %s (%s)"
              .formatted(
                  speed(timed.seconds()),
                  median(ratios),
                  turns.getFirst().name(),
                  each(timed.seconds())));
    }
  }

  /** Prints a line for one optimizer alone. */
  void times(String name, List<Double> seconds) {
    line(
        name,
        "%s of %d bytes a weight (%s)".formatted(speed(seconds), minimalBytes(), each(seconds)));
  }

  /**
   * Prints a line for a step in files.
   *
   * @param untilStepped seconds until the weights were computed
   * @param seconds seconds until the weights were on the disk
   * @param traffic of the disk meanwhile; null if not known
   */
  void mappedStep(int number, double untilStepped, double seconds, @Nullable DiskTraffic traffic) {
    String disk =
        traffic == null
            ? ""
            : "; from the disk %s, %s; to it %s, %s"
                .formatted(
                    ByteCount.format(traffic.read()),
                    rate(traffic.read(), seconds),
                    ByteCount.format(traffic.written()),
                    rate(traffic.written(), seconds));
    line(
        "step " + number,
        "%.2f s, and %.2f s more until all was on the disk%s"
            .formatted(untilStepped, seconds - untilStepped, disk));
  }

  /** Prints the peak memory, if the system counts it. */
  void peak(String of) {
    Machine.peakMemory()
        .ifPresent(
            bytes -> line("resident", "at the most %s: %s".formatted(ByteCount.format(bytes), of)));
  }

  /** Prints what Adam would have taken, and whether that much memory was available. */
  void adam() {
    long state = STATE_BYTES_PER_WEIGHT_ADAM * size.weightCount();
    long needed = 2 * weightBytes() + state;
    line(
        "Adam",
        "would need %s in all, %s of it state at %d bytes a weight; this machine had %s of its %s available: it %s"
            .formatted(
                ByteCount.format(needed),
                ByteCount.format(state),
                STATE_BYTES_PER_WEIGHT_ADAM,
                ByteCount.format(memory.available()),
                ByteCount.format(memory.physical()),
                needed <= memory.available() ? "fits" : "does not fit"));
  }

  private long weightBytes() {
    return size.weightCount() * type.bytes();
  }

  /**
   * Returns the bytes that a step must move per weight: it reads weight and gradient, and writes
   * the weight.
   */
  private int minimalBytes() {
    return 3 * type.bytes();
  }

  private String speed(List<Double> seconds) {
    double median = median(seconds);
    return "%.3f s, %.3f ns a weight, %s"
        .formatted(
            median,
            median * 1e9 / size.weightCount(),
            rate(minimalBytes() * size.weightCount(), median));
  }

  private static String each(List<Double> seconds) {
    return seconds.stream()
        .map(second -> String.format(Locale.ROOT, "%.3f", second))
        .collect(Collectors.joining(" "));
  }

  private static String rate(long bytes, double seconds) {
    return String.format(Locale.ROOT, "%.2f GB/s", bytes / Math.max(seconds, 1e-9) / 1e9);
  }

  private static double median(List<Double> values) {
    return Rounds.median(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private void line(String label, String text) {
    out.printf("%-13s%s%n", label, text);
    out.flush();
  }
}
