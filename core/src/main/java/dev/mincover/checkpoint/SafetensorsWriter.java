package dev.mincover.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Writes tensors to a safetensors file, straight from their memory, so that the file is there whole
 * or not at all: they go to a temporary file in the same directory, which is forced to disk and
 * then takes the place of an older file in one step, and the directory is forced as well.
 *
 * <p>The widest types come first, and elements start at a multiple of 64 bytes, so that readers
 * that map the file find every tensor aligned. A checksum of the whole file is kept in its
 * metadata.
 */
public final class SafetensorsWriter {

  /** Where elements start, in bytes: at multiples of this. */
  private static final int ALIGNMENT = 64;

  /** Bytes that are written at a time. */
  private static final long CHUNK = 1 << 20;

  private static final String SUFFIX = ".partial";

  private SafetensorsWriter() {}

  /**
   * Writes a file, replacing an older one once the new one is complete and on the disk.
   *
   * @param tensors in any order
   * @param metadata free text by key; keys that start with {@code mincover.} are kept for Mincover
   * @throws IllegalArgumentException if two tensors have the same name, or one is named {@code
   *     __metadata__}
   * @throws IOException if it cannot be written; an older file is as it was, and nothing else is
   *     left behind
   */
  public static void write(Path file, List<NamedTensor> tensors, Map<String, String> metadata)
      throws IOException {
    Path target = file.toAbsolutePath();
    Path directory = target.getParent();
    if (directory == null) {
      throw new IOException("%s is no file in a directory".formatted(file));
    }
    Path partial = directory.resolve("." + target.getFileName() + SUFFIX);
    List<NamedTensor> ordered = ordered(tensors);
    byte[] header = header(ordered, metadata);
    try {
      try (FileChannel channel =
          FileChannel.open(
              partial,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        writeWhole(channel, header, ordered);
        channel.force(true);
      }
      move(partial, target);
      force(directory);
    } catch (IOException | RuntimeException | Error failure) {
      try {
        Files.deleteIfExists(partial);
      } catch (IOException suppressed) {
        failure.addSuppressed(suppressed);
      }
      throw failure;
    }
  }

  /** Widest types first, and by name within a type: the order of the format's own writer. */
  private static List<NamedTensor> ordered(List<NamedTensor> tensors) {
    List<NamedTensor> ordered = new ArrayList<>(tensors);
    ordered.sort(
        Comparator.<NamedTensor>comparingInt(tensor -> -tensor.type().bits())
            .thenComparing(NamedTensor::name));
    Set<String> names = new HashSet<>();
    for (NamedTensor tensor : ordered) {
      if (tensor.name().equals(HeaderParser.METADATA)) {
        throw new IllegalArgumentException(
            "a tensor is named '%s', under which files keep their metadata; give it another name"
                .formatted(tensor.name()));
      }
      if (!names.add(tensor.name())) {
        throw new IllegalArgumentException(
            "two tensors are named '%s'; a file needs a name for each".formatted(tensor.name()));
      }
    }
    return ordered;
  }

  /** The length and the JSON, padded so that the elements are aligned; without a checksum yet. */
  private static byte[] header(List<NamedTensor> tensors, Map<String, String> metadata) {
    StringBuilder json = new StringBuilder("{\"%s\":{".formatted(HeaderParser.METADATA));
    Map<String, String> all = new TreeMap<>(metadata);
    all.put(SafetensorsFile.CHECKSUM, SafetensorsFile.NO_CHECKSUM);
    String separator = "";
    for (Map.Entry<String, String> entry : all.entrySet()) {
      json.append(separator);
      quote(json, entry.getKey());
      json.append(':');
      quote(json, entry.getValue());
      separator = ",";
    }
    json.append('}');
    long start = 0;
    for (NamedTensor tensor : tensors) {
      long end = start + tensor.elements().byteSize();
      json.append(',');
      quote(json, tensor.name());
      json.append(":{\"dtype\":\"").append(tensor.type()).append("\",\"shape\":[");
      separator = "";
      for (long axis : tensor.shape().dimensions()) {
        json.append(separator).append(axis);
        separator = ",";
      }
      json.append("],\"data_offsets\":[").append(start).append(',').append(end).append("]}");
      start = end;
    }
    json.append('}');
    byte[] text = json.toString().getBytes(UTF_8);
    int length =
        Math.ceilDiv(SafetensorsHeader.PREFIX + text.length, ALIGNMENT) * ALIGNMENT
            - SafetensorsHeader.PREFIX;
    ByteBuffer header =
        ByteBuffer.allocate(SafetensorsHeader.PREFIX + length).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(length).put(text);
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.array();
  }

  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ') {
        json.append("\\u%04x".formatted((int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }

  private static void writeWhole(FileChannel channel, byte[] header, List<NamedTensor> tensors)
      throws IOException {
    CRC32C sum = new CRC32C();
    sum.update(header);
    writeFully(channel, ByteBuffer.wrap(header));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment copied = arena.allocate(CHUNK);
      for (NamedTensor tensor : tensors) {
        MemorySegment elements = tensor.elements();
        for (long from = 0; from < elements.byteSize(); from += CHUNK) {
          long count = Math.min(CHUNK, elements.byteSize() - from);
          MemorySegment chunk = elements.asSlice(from, count);
          if (!chunk.isNative()) { // Of arrays, only those of bytes are byte buffers.
            chunk = copied.asSlice(0, count).copyFrom(chunk);
          }
          sum.update(chunk.asByteBuffer());
          writeFully(channel, chunk.asByteBuffer());
        }
      }
    }
    int at = checksumAt(header, SafetensorsFile.NO_CHECKSUM);
    ByteBuffer checksum = ByteBuffer.wrap(ascii(hexadecimal(sum)));
    while (checksum.hasRemaining()) {
      channel.write(checksum, at + checksum.position());
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Where in a header the checksum stands; -1 if not in the form in which it is written here. */
  static int checksumAt(byte[] header, String checksum) {
    if (checksum.length() != SafetensorsFile.NO_CHECKSUM.length()) {
      return -1;
    }
    // Bytes beyond ASCII stay one char each.
    String text = new String(header, ISO_8859_1);
    String key = "\"%s\":\"".formatted(SafetensorsFile.CHECKSUM);
    int at = text.indexOf(key + checksum + "\"");
    return at < 0 ? -1 : at + key.length();
  }

  static byte[] ascii(String text) {
    return text.getBytes(ISO_8859_1);
  }

  static String hexadecimal(CRC32C sum) {
    return String.format(Locale.ROOT, "%08x", sum.getValue());
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException _) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  /** Makes the new name of a file last, where directories can be forced. */
  private static void force(Path directory) throws IOException {
    if (System.getProperty("os.name", "").startsWith("Windows")) {
      return; // A directory cannot be opened there, and names are journalled.
    }
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
