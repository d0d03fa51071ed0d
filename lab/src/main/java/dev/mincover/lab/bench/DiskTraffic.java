package dev.mincover.lab.bench;

import dev.mincover.lab.common.Machine;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The bytes that a process has moved to and from disks.
 *
 * @param read without what came from the operating system's cache
 * @param written including what the operating system has yet to write
 */
record DiskTraffic(long read, long written) {

  private static final Path COUNTERS = Path.of("/proc/self/io");
  private static final Pattern READ = Pattern.compile("read_bytes: ([0-9]+)");
  private static final Pattern WRITTEN = Pattern.compile("write_bytes: ([0-9]+)");

  /** Returns the traffic of this process so far; empty if the system does not count it. */
  static Optional<DiskTraffic> now() {
    Optional<String> read = Machine.line(COUNTERS, READ);
    Optional<String> written = Machine.line(COUNTERS, WRITTEN);
    return read.isEmpty() || written.isEmpty()
        ? Optional.empty()
        : Optional.of(new DiskTraffic(Long.parseLong(read.get()), Long.parseLong(written.get())));
  }

  /** Returns the traffic since an earlier time. */
  DiskTraffic since(DiskTraffic start) {
    return new DiskTraffic(read - start.read, written - start.written);
  }
}
