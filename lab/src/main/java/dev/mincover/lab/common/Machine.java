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

/** The machine and the JVM on which figures were measured. */
public final class Machine {

  private static final Path CPU = Path.of("/proc/cpuinfo");
  private static final Pattern PROCESSOR = Pattern.compile("model name\\s*:\\s*(.+)");
  private static final Pattern FLAGS = Pattern.compile("flags\\s*:\\s*(.+)");
  private static final Pattern AVAILABLE = Pattern.compile("MemAvailable:\\s*([0-9]+) kB");
  private static final Pattern PEAK = Pattern.compile("VmHWM:\\s*([0-9]+) kB");

  private Machine() {}

  /** Returns processor, number of processors and JDK, in a line. */
  public static String description() {
    int processors = Runtime.getRuntime().availableProcessors();
    return "%s, %d %s, JDK %s"
        .formatted(
            processor(),
            processors,
            processors == 1 ? "processor" : "processors",
            Runtime.version());
  }

  /** Returns the processor's model; the architecture if the system does not tell the model. */
  public static String processor() {
    return line(CPU, PROCESSOR).orElse(System.getProperty("os.arch"));
  }

  /**
   * Returns the processor's instruction sets as Linux names them, such as {@code avx2}; empty on
   * other systems.
   */
  public static Set<String> processorFlags() {
    return line(CPU, FLAGS).map(flags -> Set.of(flags.split(" +"))).orElse(Set.of());
  }

  /** The bytes of memory that the machine has, or that a container may use. */
  public static long physicalMemory() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getTotalMemorySize();
  }

  /**
   * Returns the largest number of bytes that this process has used at any time; empty if the system
   * does not count.
   */
  public static OptionalLong peakMemory() {
    return line(Path.of("/proc/self/status"), PEAK)
        .map(kilobytes -> OptionalLong.of(Long.parseLong(kilobytes) << 10))
        .orElseGet(OptionalLong::empty);
  }

  /** Returns the bytes of memory that are available without taking them from another process. */
  public static long availableMemory() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    // The bean respects limits of a container, but counts the page cache as used.
    return line(Path.of("/proc/meminfo"), AVAILABLE)
        .map(kilobytes -> Math.min(Long.parseLong(kilobytes) << 10, system.getTotalMemorySize()))
        .orElseGet(system::getFreeMemorySize);
  }

  /** Returns the pattern's group in the first line that matches; empty if there is no such file. */
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
