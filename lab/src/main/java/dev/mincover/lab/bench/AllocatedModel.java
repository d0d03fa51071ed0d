package dev.mincover.lab.bench;

import dev.mincover.lab.catalogue.GptSize;
import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A model in memory, as a program would hold it: libtorch allocates every tensor by itself, as it
 * does for {@link Buffers}.
 */
final class AllocatedModel implements ModelMemory {

  private final Arena arena = Arena.ofShared();
  private final List<List<Tensor>> parts;

  /** Allocates all tensors and writes every value, on several threads. */
  AllocatedModel(GptSize size, DataType type, int threads) {
    List<TensorShape> tensors = size.layerTensors().stream().flatMap(List::stream).toList();
    Tensor[] filled = new Tensor[tensors.size()];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < filled.length; i++) {
      order.add(i);
    }
    // The largest first, so that no thread waits for it at the end.
    order.sort(Comparator.comparingLong(i -> -tensors.get(i).shape().size()));
    List<Runnable> jobs = new ArrayList<>();
    for (int i : order) {
      jobs.add(() -> filled[i] = filled(tensors.get(i), type));
    }
    try {
      ModelMemory.inParallel(threads, jobs);
    } catch (RuntimeException | Error failure) {
      arena.close();
      throw failure;
    }
    parts = List.of(List.of(filled));
  }

  private Tensor filled(TensorShape tensor, DataType type) {
    return new Tensor(
        tensor, type, filled(tensor, type, Values.WEIGHTS), filled(tensor, type, Values.GRADIENTS));
  }

  private MemorySegment filled(TensorShape tensor, DataType type, Values values) {
    long count = tensor.shape().size();
    MemorySegment memory = Buffers.allocate(count * type.bytes(), arena);
    for (long at = 0; at < count; at += PIECE) {
      long length = Math.min(PIECE, count - at);
      MemorySegment piece = memory.asSlice(at * type.bytes(), length * type.bytes());
      values.fill(piece, type, tensor.first() + at);
    }
    return memory;
  }

  @Override
  public List<List<Tensor>> parts() {
    return parts;
  }

  @Override
  public void release(int part) {}

  @Override
  public void flush() {}

  @Override
  public void close() {
    arena.close();
  }
}
