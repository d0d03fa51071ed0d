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
 * into a part a thread; all others go whole to whichever thread is free, the largest first and the
 * small ones in batches.
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

  /**
   * By batch and one more, where in {@link #bySize} it begins: small tensors are handed over
   * together, so that a hand-over is worth its while.
   */
  private final int[] batches;

  // Of the step under way: who has a gradient, and its plan; of a cut tensor, the pass.
  private final boolean[] present;
  private final Plan[] plans;
  private int cut;
  private int pass;

  // Made once: a step leaves nothing on the heap.
  private final Workers.Job runBatch = this::runBatch;
  private final Workers.Job runPart = this::runPart;

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
    plans = dense.clone();
    present = new boolean[dense.length];
    bySize =
        IntStream.range(0, updates.size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> size(updates.get(i))))
            .mapToInt(Integer::intValue)
            .toArray();
    batches = batches();
    long most = Arrays.stream(dense).mapToLong(Plan::scratch).max().orElse(0);
    scratch = new Scratch[threads];
    own = new Scratch[threads][];
    for (int i = 0; i < threads; i++) {
      scratch[i] = new Scratch(memory);
      own[i] = new Scratch[] {scratch[i]};
    }
    try {
      ensure(most);
      if (updates.stream().anyMatch(Update::needsTiles)) {
        ensureTiles();
      }
      workers = new Workers(threads);
    } catch (RuntimeException | Error failure) {
      release();
      throw failure;
    }
  }

  private int[] batches() {
    List<Integer> begin = new ArrayList<>(List.of(0));
    long values = 0;
    for (int i = 0; i < bySize.length; i++) {
      long size = size(updates.get(bySize[i]));
      if (values > 0 && values + size > SMALLEST_CUT) {
        begin.add(i);
        values = 0;
      }
      values += size;
    }
    begin.add(bySize.length);
    return begin.stream().mapToInt(Integer::intValue).toArray();
  }

  private void ensure(long floats) {
    for (Scratch each : scratch) {
      each.memory.ensure(floats);
    }
  }

  private void ensureTiles() {
    for (Scratch each : scratch) {
      each.ensureTiles();
    }
  }

  private void release() {
    for (Scratch each : scratch) {
      each.close();
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
   * @param gradients by tensor, as its rule has read it; null leaves the tensor and its state alone
   * @param eta the learning rate, before multipliers
   * @param number of the step, from 1
   */
  public void run(@Nullable StepGradient[] gradients, double eta, long number) {
    long most = 0;
    for (int i = 0; i < gradients.length; i++) {
      StepGradient gradient = gradients[i];
      present[i] = gradient != null;
      if (gradient != null) {
        Rows rows = gradient.rows();
        plans[i] = rows.isSparse() ? plan(updates.get(i), rows) : dense[i];
        most = Math.max(most, plans[i].scratch());
      }
    }
    ensure(most);
    boolean tiles = false;
    for (int i = 0; i < gradients.length; i++) {
      if (present[i]) {
        updates.get(i).begin(eta, number);
        tiles |= updates.get(i).needsTiles();
      }
    }
    if (tiles) {
      ensureTiles();
    }
    workers.run(batches.length - 1, runBatch);
    for (int i = 0; i < gradients.length; i++) {
      if (present[i] && isCut(i)) {
        runCut(i);
      }
    }
    for (Scratch each : scratch) {
      each.operands.clear();
    }
  }

  private boolean isCut(int i) {
    return plans[i].parts().size() > 1;
  }

  private void runBatch(int batch, int worker) {
    for (int k = batches[batch]; k < batches[batch + 1]; k++) {
      int i = bySize[k];
      if (present[i] && !isCut(i)) {
        runWhole(updates.get(i), plans[i], own[worker]);
      }
    }
  }

  private void runCut(int i) {
    Update update = updates.get(i);
    cut = i;
    for (pass = 0; pass < update.passes(); pass++) {
      workers.run(plans[i].parts().size(), runPart);
      update.commit(pass, plans[i], scratch);
    }
  }

  private void runPart(int part, int worker) {
    updates.get(cut).pass(pass, plans[cut], part, scratch[part]);
  }

  private static void runWhole(Update update, Plan plan, Scratch[] scratch) {
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
