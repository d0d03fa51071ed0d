package dev.mincover.internal;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step over all tensors, shared by a team of threads. A tensor too big for a fair share is cut
 * into a part a thread; all others go whole to whichever thread is free, the largest first.
 */
public final class Step implements AutoCloseable {

  /** Smaller tensors are not worth a hand-over of their own. */
  static final long SMALLEST_CUT = 1 << 16;

  /** A tensor that is not empty, by the index under which its gradient comes. */
  private static final class Task {
    final int index;
    final TensorState state;
    final Part[] parts;

    Task(int index, TensorState state, Part[] parts) {
      this.index = index;
      this.state = state;
      this.parts = parts;
    }
  }

  private final RowPass pass;
  private final Workers workers;

  /** The smallest first, since the last job is begun first. */
  private final Task[] whole;

  private final Task[] cut;

  /** By part of a cut tensor; a thread's entry alone, in {@link #own}, serves its whole tensors. */
  private final RowPass.Scratch[] scratch;

  private final RowPass.Scratch[][] own;

  /**
   * Plans the steps.
   *
   * @param states tensors, by the index under which their gradients will come
   * @param memory where the threads' scratch memory is taken from
   */
  public Step(List<TensorState> states, RowPass pass, int threads, Memory memory) {
    this.pass = pass;
    long total = states.stream().mapToLong(TensorState::size).sum();
    long share = threads == 1 ? Long.MAX_VALUE : Math.max(SMALLEST_CUT, total / (4L * threads));
    List<Task> whole = new ArrayList<>();
    List<Task> cut = new ArrayList<>();
    long most = 0;
    for (int i = 0; i < states.size(); i++) {
      TensorState state = states.get(i);
      if (state.size() == 0) {
        continue;
      }
      Part[] parts = Part.cut(state.view, state.size() < share ? 1 : threads);
      (parts.length == 1 ? whole : cut).add(new Task(i, state, parts));
      for (Part part : parts) {
        most = Math.max(most, part.scratch);
      }
    }
    whole.sort(Comparator.comparingLong(task -> task.state.size()));
    this.whole = whole.toArray(Task[]::new);
    this.cut = cut.toArray(Task[]::new);
    scratch = new RowPass.Scratch[threads];
    own = new RowPass.Scratch[threads][];
    for (int i = 0; i < threads; i++) {
      scratch[i] = new RowPass.Scratch(memory, most);
      own[i] = new RowPass.Scratch[] {scratch[i]};
    }
    workers = new Workers(threads);
  }

  /**
   * Takes one step.
   *
   * @param gradients by tensor, as large as its weights; null leaves the tensor and its state alone
   * @param eta the learning rate
   */
  public void run(@Nullable MemorySegment[] gradients, float eta) {
    workers.run(
        whole.length,
        (index, worker) -> {
          Task task = whole[index];
          MemorySegment gradient = gradients[task.index];
          if (gradient != null) {
            pass.update(task.state, task.parts[0], gradient, eta, scratch[worker]);
            pass.commit(task.state, task.parts, own[worker]);
          }
        });
    for (Task task : cut) {
      MemorySegment gradient = gradients[task.index];
      if (gradient != null) {
        workers.run(
            task.parts.length,
            (part, _) -> pass.update(task.state, task.parts[part], gradient, eta, scratch[part]));
        pass.commit(task.state, task.parts, scratch);
      }
    }
  }

  @Override
  public void close() {
    workers.close();
  }
}
