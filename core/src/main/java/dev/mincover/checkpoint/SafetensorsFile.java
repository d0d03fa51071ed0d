package dev.mincover.checkpoint;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * A safetensors file that is open for reading, whoever wrote it. Its elements are mapped, not read:
 * they take no memory of their own, and files of more than 2 GiB are no different.
 *
 * <p>Not for use by several threads at once. Closing it invalidates all segments it gave.
 */
public final class SafetensorsFile implements AutoCloseable {

  /**
   * Metadata under which {@link SafetensorsWriter} keeps a checksum: CRC-32C in hexadecimal, of the
   * header, with zeros in the checksum's place, and all elements.
   */
  static final String CHECKSUM = "mincover.crc32c";

  /** Stands in the checksum's place while it is computed. */
  static final String NO_CHECKSUM = "00000000";

  /** Bytes that are summed at a time. */
  private static final long CHUNK = 1 << 20;

  private final Path path;
  private final SafetensorsHeader header;
  private final Arena arena;
  private final MemorySegment file;
  private final Map<String, StoredTensor> byName = new HashMap<>();

  private SafetensorsFile(Path path, SafetensorsHeader header, Arena arena, MemorySegment file) {
    this.path = path;
    this.header = header;
    this.arena = arena;
    this.file = file;
    header.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
  }

  /**
   * Opens a file and checks its header.
   *
   * @throws DamagedFileException if it is not a whole safetensors file
   * @throws IOException if it cannot be read
   */
  @SuppressWarnings("MustBeClosedChecker") // What is returned closes the arena.
  public static SafetensorsFile open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      SafetensorsHeader header = SafetensorsHeader.read(path, channel);
      MemorySegment file = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
      return new SafetensorsFile(path, header, arena, file);
    } catch (IOException | RuntimeException | Error failure) {
      arena.close();
      throw failure;
    }
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /** Free text by key; empty if there is none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** The tensors, in the order of the header. */
  public List<StoredTensor> tensors() {
    return header.tensors();
  }

  /** The tensor of a name; empty if there is none. */
  public Optional<StoredTensor> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * The elements of a tensor: little-endian, row-major, read-only, at any alignment, until this
   * file is closed.
   */
  public MemorySegment elements(StoredTensor tensor) {
    return file.asSlice(header.dataStart() + tensor.start(), tensor.bytes());
  }

  /**
   * Overwrites tensors with those of the same names in this file. Everything is checked before
   * anything changes.
   *
   * @param tensors one for each of the file, in any order, of the same type and shape, in memory
   *     that can be written
   * @throws IllegalArgumentException naming the first tensor that does not fit
   * @throws IOException if the file can no longer be read; some tensors are overwritten then
   */
  public void copyTo(List<NamedTensor> tensors) throws IOException {
    Set<String> names = new HashSet<>();
    for (NamedTensor tensor : tensors) {
      StoredTensor stored = byName.get(tensor.name());
      if (stored == null) {
        throw misfit("lacks tensor '%s' (%s)".formatted(tensor.name(), tensor.format()));
      }
      if (stored.type() != tensor.type() || !stored.shape().equals(tensor.shape())) {
        throw misfit(
            "holds tensor '%s' as %s, not as %s"
                .formatted(tensor.name(), stored.format(), tensor.format()));
      }
      if (tensor.elements().isReadOnly() || !names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "tensor '%s' is given twice, or in read-only memory".formatted(tensor.name()));
      }
    }
    for (StoredTensor stored : tensors()) {
      if (!names.contains(stored.name())) {
        throw misfit(
            "holds tensor '%s' (%s), which was not asked for"
                .formatted(stored.name(), stored.format()));
      }
    }
    try {
      for (NamedTensor tensor : tensors) {
        tensor.elements().copyFrom(elements(requireNonNull(byName.get(tensor.name()))));
      }
    } catch (InternalError e) { // What a mapping throws where the file has gone from under it.
      throw new IOException("%s became unreadable while it was read".formatted(path), e);
    }
  }

  private IllegalArgumentException misfit(String why) {
    return new IllegalArgumentException("%s %s".formatted(path, why));
  }

  /** Whether the file has a checksum, and {@link #verify} proves something. */
  public boolean hasChecksum() {
    return header.metadata().containsKey(CHECKSUM);
  }

  /**
   * Compares the file's checksum with its contents; does nothing if it has none. Reads the whole
   * file.
   *
   * @throws DamagedFileException if they differ
   */
  public void verify() throws DamagedFileException {
    String expected = header.metadata().get(CHECKSUM);
    if (expected == null) {
      return;
    }
    CRC32C sum = new CRC32C();
    byte[] json = file.asSlice(0, header.dataStart()).toArray(JAVA_BYTE);
    int at = SafetensorsWriter.checksumAt(json, expected);
    if (at < 0) {
      throw new DamagedFileException(path, "has a checksum that is none: " + expected);
    }
    System.arraycopy(SafetensorsWriter.ascii(NO_CHECKSUM), 0, json, at, NO_CHECKSUM.length());
    sum.update(json);
    try {
      for (long from = header.dataStart(); from < file.byteSize(); from += CHUNK) {
        long count = Math.min(CHUNK, file.byteSize() - from);
        sum.update(file.asSlice(from, count).asByteBuffer());
      }
    } catch (InternalError e) {
      // What a mapping throws where the file no longer reaches, or the disk cannot read.
      throw new DamagedFileException(path, "cannot be read to its end: " + e.getMessage());
    }
    String actual = SafetensorsWriter.hexadecimal(sum);
    if (!actual.equals(expected)) {
      throw new DamagedFileException(
          path,
          "is damaged: its contents have the checksum %s, and it says %s"
              .formatted(actual, expected));
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
