package dev.mincover.lab.bench;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.DataType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A model in two memory-mapped files, one of weights and one of gradients. One part at a time is in
 * memory [1]. The files are deleted with the model, however the process ends [2].
 *
 * <p>[1] Releasing a part unmaps its pages. The operating system keeps what was written and brings
 * it to the disk later; {@link #flush} waits for that. [2] If the operating system allows it, the
 * names of the files are removed as soon as they are open.
 */
public final class MappedModel implements ModelMemory {

  /**
   * The alignment of parts, which begin on pages of their own. No machine we know has larger pages.
   */
  private static final int PAGE = 1 << 16;

  private static final int ALIGNMENT = 64;

  private final Path directory;
  private final DataType type;
  private final List<List<Slot>> layout = new ArrayList<>();
  private final long fileBytes;
  private final List<AutoCloseable> files = new ArrayList<>();
  private final Arena arena = Arena.ofShared();
  private final List<List<Tensor>> parts = new ArrayList<>();
  private final MemorySegment weights;
  private final MemorySegment gradients;

  /** The position of a tensor in both files, in bytes. */
  private record Slot(TensorShape tensor, long start) {}

  /**
   * Writes both files on several threads, and maps them.
   *
   * @param directory an existing, writable directory
   * @throws UserError if a file exists or cannot be written, for example because the disk is full
   */
  MappedModel(GptSize size, DataType type, Path directory, int threads) {
    this.directory = directory;
    this.type = type;
    fileBytes = arrange(size);
    try {
      weights = written(size, Values.WEIGHTS, threads);
      gradients = written(size, Values.GRADIENTS, threads);
    } catch (RuntimeException | Error failure) {
      close();
      throw failure;
    }
    for (List<Slot> part : layout) {
      parts.add(part.stream().map(this::tensor).toList());
    }
  }

  /**
   * Returns the bytes that can still be written to a directory.
   *
   * @throws UserError if it is no directory, or not writable
   */
  public static long room(Path directory) {
    if (!Files.isDirectory(directory) || !Files.isWritable(directory)) {
      throw new UserError(
          "--mapped %s is not a writable directory; make it, or name another".formatted(directory));
    }
    try {
      return Files.getFileStore(directory).getUsableSpace();
    } catch (IOException e) {
      throw new UserError("cannot tell how much room there is in " + directory, e);
    }
  }

  /** Bytes on the disk. */
  long bytes() {
    return 2 * fileBytes;
  }

  private long arrange(GptSize size) {
    long end = 0;
    for (List<TensorShape> part : size.layerTensors()) {
      List<Slot> slots = new ArrayList<>();
      end = roundUp(end, PAGE);
      for (TensorShape tensor : part) {
        slots.add(new Slot(tensor, roundUp(end, ALIGNMENT)));
        end = end(slots.getLast());
      }
      layout.add(slots);
    }
    return end;
  }

  private static long roundUp(long value, long unit) {
    return (value + unit - 1) / unit * unit;
  }

  private long end(Slot slot) {
    return slot.start + slot.tensor.shape().size() * type.bytes();
  }

  private Tensor tensor(Slot slot) {
    long bytes = end(slot) - slot.start;
    return new Tensor(
        slot.tensor,
        type,
        weights.asSlice(slot.start, bytes),
        gradients.asSlice(slot.start, bytes));
  }

  /**
   * Writes a file before mapping it. A full disk then causes an error, whereas writing to mapped
   * memory would kill the process.
   */
  private MemorySegment written(GptSize size, Values values, int threads) {
    Path path = directory.resolve("mincover-%s.%s".formatted(size.name(), name(values)));
    try {
      FileChannel file = FileChannel.open(path, CREATE_NEW, READ, WRITE, DELETE_ON_CLOSE);
      files.add(file);
      ModelMemory.inParallel(threads, writing(file, path, values));
      file.force(false);
      return file.map(MapMode.READ_WRITE, 0, fileBytes, arena);
    } catch (FileAlreadyExistsException _) {
      throw new UserError(
          "%s exists; remove it, or name another directory with --mapped".formatted(path));
    } catch (IOException e) {
      throw new UserError("cannot write " + path, e);
    }
  }

  private static String name(Values values) {
    return switch (values) {
      case WEIGHTS -> "weights";
      case GRADIENTS -> "gradients";
    };
  }

  private List<Runnable> writing(FileChannel file, Path path, Values values) {
    List<Runnable> jobs = new ArrayList<>();
    for (List<Slot> part : layout) {
      for (Slot slot : part) {
        for (long at = 0; at < slot.tensor.shape().size(); at += PIECE) {
          long from = at;
          jobs.add(() -> write(file, path, values, slot, from));
        }
      }
    }
    return jobs;
  }

  private void write(FileChannel file, Path path, Values values, Slot slot, long from) {
    long count = Math.min(PIECE, slot.tensor.shape().size() - from);
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment piece = scratch.allocate(count * type.bytes(), ALIGNMENT);
      values.fill(piece, type, slot.tensor.first() + from);
      ByteBuffer buffer = piece.asByteBuffer();
      long position = slot.start + from * type.bytes();
      while (buffer.hasRemaining()) {
        position += file.write(buffer, position);
      }
    } catch (IOException e) {
      throw new UserError("cannot write " + path, e);
    }
  }

  @Override
  public List<List<Tensor>> parts() {
    return parts;
  }

  @Override
  public void release(int part) {
    long start = layout.get(part).getFirst().start();
    long bytes = end(layout.get(part).getLast()) - start;
    weights.asSlice(start, bytes).unload();
    gradients.asSlice(start, bytes).unload();
  }

  @Override
  public void flush() {
    weights.force();
  }

  @Override
  public void close() {
    arena.close(); // First, because some systems do not delete mapped files.
    for (AutoCloseable file : files) {
      try {
        file.close();
      } catch (Exception e) {
        throw new UserError("cannot remove the files in " + directory + ": " + e.getMessage());
      }
    }
  }
}
