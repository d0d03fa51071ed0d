package dev.mincover.internal;

import dev.mincover.internal.Update.Plan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One step over all tensors, shared by a team of threads. A tensor too big for a fair share is cut
 * into a part a thread; all others go whole to whichever thread is free, the largest first.
 */
public final class Step implements AutoCloseable {

  /** Smaller tensors are not worth a hand-over of their own. */
  static final long SMALLEST_CUT = 1 << 16;

  private final List<Update> updates;
  private final int threads;
  private final long share;
  private final Workers workers;

  /** By tensor, how a dense gradient is shared. */
  private final Plan[] dense;

  /** The tensors, the smallest first, since the last job is begun first. */
  private final int[] bySize;

  /** By part of a cut tensor; a thread's entry alone, in {@link #own}, serves its whole tensors. */
  private final Scratch[] scratch;

  private final Scratch[][] own;

  // Of the step under way: tensors that go whole, those that are cut, and the plans of all.
  private final List<Integer> whole = new ArrayList<>();
  private final List<Integer> cut = new ArrayList<>();
  private final Plan[] plans;

  /**
   * Plans the steps.
   *
   * @param updates tensors, by the index under which their gradients will come
   * @param memory where the threads' scratch memory is taken from
   */
  public Step(List<Update> updates, int threads, Memory memory) {
    this.updates = List.copyOf(updates);
    this.threads = threads;
    long total = updates.stream().mapToLong(Step::size).sum();
    share = threads == 1 ? Long.MAX_VALUE : Math.max(SMALLEST_CUT, total / (4L * threads));
    dense =
        updates.stream()
            .map(update -> plan(update, Rows.all(update.tensor.view)))
            .toArray(Plan[]::new);
    plans = new Plan[dense.length];
    bySize =
        IntStream.range(0, updates.size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> size(updates.get(i))))
            .mapToInt(Integer::intValue)
            .toArray();
    long most = Arrays.stream(dense).mapToLong(Plan::scratch).max().orElse(0);
    scratch = new Scratch[threads];
    own = new Scratch[threads][];
    for (int i = 0; i < threads; i++) {
      scratch[i] = new Scratch(memory);
      own[i] = new Scratch[] {scratch[i]};
    }
    try {
      ensure(most);
      workers = new Workers(threads);
    } catch (RuntimeException | Error failure) {
      release();
      throw failure;
    }
  }

  private void ensure(long floats) {
    for (Scratch each : scratch) {
      each.memory.ensure(floats);
    }
  }

  private void release() {
    for (Scratch each : scratch) {
      each.memory.close();
    }
  }

  private static long size(Update update) {
    return update.parameter().shape().size();
  }

  private Plan plan(Update update, Rows rows) {
    return update.plan(rows, rows.values() < share ? 1 : threads);
  }

  /** The team of threads, for what else a step needs. */
  Workers workers() {
    return workers;
  }

  /** A thread's tiles and maxima. */
  Scratch scratch(int worker) {
    return scratch[worker];
  }

  /**
   * Takes one step.
   *
   * @param gradients by tensor; null leaves the tensor and its state alone
   * @param eta the learning rate, before multipliers
   * @param number of the step, from 1
   */
  public void run(@Nullable StepGradient[] gradients, double eta, long number) {
    whole.clear();
    cut.clear();
    long most = 0;
    for (int i : bySize) {
      StepGradient gradient = gradients[i];
      if (gradient != null) {
        plans[i] = gradient.rows.isSparse() ? plan(updates.get(i), gradient.rows) : dense[i];
        most = Math.max(most, plans[i].scratch());
        (plans[i].parts().size() > 1 ? cut : whole).add(i);
      }
    }
    ensure(most);
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      if (gradient != null) {
        updates.get(i).begin(gradient, eta, number);
      }
    }
    workers.run(whole.size(), (job, worker) -> runWhole(whole.get(job), own[worker]));
    for (int i : cut) {
      Update update = updates.get(i);
      Plan plan = plans[i];
      for (int pass = 0; pass < update.passes(); pass++) {
        int current = pass;
        workers.run(
            plan.parts().size(), (part, _) -> update.pass(current, plan, part, scratch[part]));
        update.commit(pass, plan, scratch);
      }
    }
    updates.forEach(Update::end);
  }

  private void runWhole(int i, Scratch[] scratch) {
    Update update = updates.get(i);
    Plan plan = plans[i];
    for (int pass = 0; pass < update.passes() && !plan.parts().isEmpty(); pass++) {
      update.pass(pass, plan, 0, scratch[0]);
      update.commit(pass, plan, scratch);
    }
  }

  @Override
  public void close() {
    workers.close();
    release();
  }
}
