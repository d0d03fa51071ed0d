package dev.mincover.lab.common;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What figures must be read with: the machine and the JVM. */
public final class Machine {

  private static final Path CPU = Path.of("/proc/cpuinfo");
  private static final Pattern PROCESSOR = Pattern.compile("model name\\s*:\\s*(.+)");
  private static final Pattern FLAGS = Pattern.compile("flags\\s*:\\s*(.+)");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s*([0-9]+) kB");
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s*([0-9]+) kB");

  private Machine() {}

  /** Processor, number of processors and JDK, in a line. */
  public static String description() {
    int processors = Runtime.getRuntime().availableProcessors();
    return "%s, %d %s, JDK %s"
        .formatted(
            processor(),
            processors,
            processors == 1 ? "processor" : "processors",
            Runtime.version());
  }

  /** The processor's model; where the system does not tell it, the architecture. */
  public static String processor() {
    return line(CPU, PROCESSOR).orElse(System.getProperty("os.arch"));
  }

  /** What the processor can do, as Linux names it, such as {@code avx2}; empty elsewhere. */
  public static Set<String> processorFlags() {
    return line(CPU, FLAGS).map(flags -> Set.of(flags.split(" +"))).orElse(Set.of());
  }

  /** Bytes of memory that there are, or that a container may have. */
  public static long physicalMemory() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }

  /** The most bytes of memory that this process has had at a time; empty where nobody counts. */
  public static OptionalLong peakMemory() {
    return line(Path.of("/proc/self/status"), PEAK)
        .map(kilobytes -> OptionalLong.of(Long.parseLong(kilobytes) << 10))
        .orElseGet(OptionalLong::empty);
  }

  /** Bytes of memory that can be had without taking them from another process. */
  public static long availableMemory() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    // The bean knows limits of a container, but takes the page cache for used.
    return line(Path.of("/proc/meminfo"), AVAILABLE)
        .map(kilobytes -> Math.min(Long.parseLong(kilobytes) << 10, system.getTotalMemorySize()))
        .orElseGet(system::getFreeMemorySize);
  }

  /** What the pattern's group has in the first line that matches; empty without such a file. */
  public static Optional<String> line(Path file, Pattern pattern) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines
          .map(pattern::matcher)
          .filter(Matcher::matches)
          .map(matcher -> matcher.group(1).strip())
          .findFirst();
    } catch (IOException _) {
      return Optional.empty();
    }
  }
}
