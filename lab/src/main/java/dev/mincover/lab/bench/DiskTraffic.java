package dev.mincover.lab.bench;

import dev.mincover.lab.common.Machine;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a process has moved to and from disks, in bytes.
 *
 * @param read without what the operating system had in memory
 * @param written or still to be written, by the operating system in its own time
 */
record DiskTraffic(long read, long written) {

  private static final Path COUNTERS = Path.of("/proc/self/io");
  private static final Pattern READ = Pattern.compile("read_bytes: ([0-9]+)");
  private static final Pattern WRITTEN = Pattern.compile("write_bytes: ([0-9]+)");

  /** That of this process so far; empty where nobody counts. */
  static Optional<DiskTraffic> now() {
    Optional<String> read = Machine.line(COUNTERS, READ);
    Optional<String> written = Machine.line(COUNTERS, WRITTEN);
    return read.isEmpty() || written.isEmpty()
        ? Optional.empty()
        : Optional.of(new DiskTraffic(Long.parseLong(read.get()), Long.parseLong(written.get())));
  }

  /** What has come since. */
  DiskTraffic since(DiskTraffic start) {
    return new DiskTraffic(read - start.read, written - start.written);
  }
}
