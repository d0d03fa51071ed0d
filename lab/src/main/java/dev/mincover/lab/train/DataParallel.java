package dev.mincover.lab.train;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.libtorch.Libtorch;
import dev.mincover.lab.model.Model;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Computes losses and gradients of a batch on several threads. Each thread takes a share of the
 * rows, and libtorch uses one thread per operation. Small operations gain nothing from threads
 * inside them, and threads that spin while they wait lose most of a core as soon as another program
 * needs it.
 *
 * <p>The shares are added in a fixed order, so equal batches and equal numbers of threads give
 * equal bits. The sum of sparse gradients is sparse, with the rows of all shares one after the
 * other.
 */
final class DataParallel implements AutoCloseable {

  private final List<Model> replicas = new ArrayList<>();
  private final ExecutorService pool;

  /** The rows {@code from} to {@code to} of a batch, out of {@code rows} rows in all. */
  private record Share(Batch batch, int from, int to, int rows) {
    private Tensor inputs() {
      return tensor(batch.inputs(), batch.inputLength());
    }

    private Tensor targets() {
      return tensor(batch.targets(), batch.targetLength());
    }

    private Tensor tensor(long[] values, int length) {
      long[] part = Arrays.copyOfRange(values, from * length, to * length);
      return Tensor.create(part, to - from, length);
    }

    /** Returns the share's part of the mean over all targets; null if none of its targets count. */
    @Nullable Tensor loss(Loss loss) {
      int counted = batch.countedTargets(from, to);
      return counted == 0
          ? null // A mean of nothing is not a number.
          : loss.of(inputs(), targets())
              .mul(new Scalar((double) counted / batch.countedTargets(0, rows)));
    }
  }

  /**
   * Starts the threads, which share the weights of {@code model}. The model collects the gradients.
   */
  DataParallel(Model model, int threads) {
    Libtorch.useOneThreadAnOperation();
    replicas.add(model);
    for (int i = 1; i < threads; i++) {
      replicas.add(model.replica());
    }
    pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().factory());
  }

  /**
   * Returns the mean training loss over the batch, in nats per target, and adds its gradient to the
   * model's. A batch without a target that counts has a loss of 0 and no gradient.
   */
  float lossAndGradient(Batch batch) {
    float loss =
        inParallel(
            batch,
            batch.size(),
            (share, model) -> {
              Tensor part = share.loss(model::trainingLoss);
              if (part == null) {
                return 0;
              }
              part.backward();
              return part.item_float();
            });
    collectGradients();
    return loss;
  }

  /** Returns the mean loss over the first {@code rows} rows of the batch, in nats per target. */
  float loss(Batch batch, int rows) {
    return inParallel(
        batch,
        rows,
        (share, model) -> {
          try (var _ = new NoGradGuard()) {
            Tensor part = share.loss(model::loss);
            return part == null ? 0 : part.item_float();
          }
        });
  }

  private interface Loss {
    Tensor of(Tensor inputs, Tensor targets);
  }

  private interface Work {
    float of(Share share, Model model);
  }

  private float inParallel(Batch batch, int rows, Work work) {
    int shares = Math.min(replicas.size(), rows);
    List<Callable<Float>> jobs = new ArrayList<>();
    for (int i = 0; i < shares; i++) {
      Share share =
          new Share(
              batch, (int) ((long) rows * i / shares), (int) (rows * (i + 1L) / shares), rows);
      Model model = replicas.get(i);
      jobs.add(() -> {
        try (var _ = new PointerScope()) {
          return work.of(share, model);
        }
      });
    }
    try {
      float sum = 0;
      for (Future<Float> result : pool.invokeAll(jobs)) {
        sum += result.get();
      }
      return sum;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while computing a loss", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("the model failed: " + e.getCause(), e);
    }
  }

  private void collectGradients() {
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      List<Tensor> sums = List.copyOf(replicas.getFirst().parameters().values());
      for (Model replica : replicas.subList(1, replicas.size())) {
        int i = 0;
        for (Tensor parameter : replica.parameters().values()) {
          Tensor gradient = parameter.mutable_grad();
          if (gradient.defined()) {
            add(sums.get(i), gradient);
            gradient.reset();
          }
          i++;
        }
      }
    }
  }

  private static void add(Tensor parameter, Tensor gradient) {
    Tensor sum = parameter.mutable_grad();
    if (!sum.defined()) { // None of the first share's targets counted.
      sum.put(gradient);
      return;
    }
    ScalarType type = gradient.scalar_type().intern();
    if (gradient.is_sparse() && type == ScalarType.Half) {
      // libtorch cannot add sparse tensors of this type.
      Tensor wide = sum.to(ScalarType.Float).add(gradient.to(ScalarType.Float));
      parameter.mutable_grad().put(wide.to(type));
    } else {
      sum.add_(gradient);
    }
  }

  @Override
  public void close() {
    pool.close();
    replicas.subList(1, replicas.size()).forEach(Model::close);
  }
}
