package dev.mincover.lab.bench;

import dev.mincover.lab.catalogue.TensorShape;
import dev.mincover.lab.common.UserError;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The memory of a model's weights and gradients. Closing frees it. */
interface ModelMemory extends AutoCloseable {

  /** The number of values that are written at a time. */
  int PIECE = 1 << 20;

  /**
   * A tensor with its memory.
   *
   * @param type of weights and gradients
   */
  record Tensor(TensorShape size, DataType type, MemorySegment weights, MemorySegment gradients) {

    Parameter parameter() {
      return Parameter.of(size.name(), size.shape(), weights, type);
    }

    Gradient gradient() {
      return Gradient.dense(gradients, type);
    }
  }

  /** The tensors, in parts that are stepped one after the other. */
  List<List<Tensor>> parts();

  /** Announces that a part, given by its index, is not needed for now. */
  void release(int part);

  /** Waits until all weights are stored. */
  void flush();

  @Override
  void close();

  /**
   * Runs all jobs on several threads. Once a job has failed, no other begins.
   *
   * @throws UserError if a job fails with one
   */
  static void inParallel(int threads, List<Runnable> jobs) {
    // Daemons, so that an interrupted process does not wait for them.
    try (ExecutorService pool =
        Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory())) {
      List<Future<?>> results = new ArrayList<>();
      jobs.forEach(job -> results.add(pool.submit(job)));
      try {
        for (Future<?> result : results) {
          result.get();
        }
      } finally {
        pool.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while writing values", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UserError error) {
        throw error;
      }
      throw new IllegalStateException("values could not be written: " + e.getCause(), e);
    }
  }
}
