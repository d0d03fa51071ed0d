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
 * A model in two mapped files, one of weights and one of gradients, of which a part at a time is in
 * memory [1]. The files go with the model, however the process ends [2].
 *
 * <p>[1] Releasing a part unmaps its pages. What was written stays with the operating system, which
 * brings it to the disk in its own time; {@link #flush} waits for that. [2] Where the operating
 * system allows it their names are removed as soon as they are open.
 */
public final class MappedModel implements ModelMemory {

  /** Parts begin on pages of their own; no machine we know has larger ones. */
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

  /** Where a tensor lies in both files, in bytes. */
  private record Slot(TensorShape tensor, long start) {}

  /**
   * Writes both files, with so many threads, and maps them.
   *
   * @param directory there and writable
   * @throws UserError if a file is there already or cannot be written, as on a disk that is full
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
   * How many bytes can still be written to a directory.
   *
   * @throws UserError if it is none, or not writable
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
   * Writes before it maps: a disk that is full then gives an error, where writing to mapped memory
   * would end the process.
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
    arena.close(); // First: some systems delete no file that is mapped.
    for (AutoCloseable file : files) {
      try {
        file.close();
      } catch (Exception e) {
        throw new UserError("cannot remove the files in " + directory + ": " + e.getMessage());
      }
    }
  }
}
