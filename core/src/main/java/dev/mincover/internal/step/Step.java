package dev.mincover.internal.step;

import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.rule.Rule;
import dev.mincover.internal.rule.Rule.Plan;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.internal.thread.WorkerTeam;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One step over all tensors, shared by a team of threads. A tensor too big for a fair share is cut
 * into one part per thread. All others go whole to whichever thread is free, the largest first and
 * the small ones in batches.
 */
public final class Step {

  /** Smaller tensors are not worth a hand-over of their own. */
  static final long SMALLEST_CUT = 1 << 16;

  private final List<Rule> rules;
  private final WorkerTeam team;
  private final long share;

  /** By tensor, how a dense gradient is shared. */
  private final Plan[] dense;

  /** The tensors, the smallest first, since the last job is begun first. */
  private final int[] bySize;

  /** By part of a cut tensor; a thread's entry alone, in {@link #own}, serves its whole tensors. */
  private final ThreadScratch[] scratch;

  private final ThreadScratch[][] own;

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
  private final WorkerTeam.Job runBatch = this::runBatch;
  private final WorkerTeam.Job runPart = this::runPart;

  /**
   * Plans the steps.
   *
   * @param rules tensors, by the index under which their gradients will come
   * @param team which shares them; its scratch memory is made large enough
   */
  public Step(List<Rule> rules, WorkerTeam team) {
    this.rules = List.copyOf(rules);
    this.team = team;
    int threads = team.threads();
    long total = rules.stream().mapToLong(Step::size).sum();
    share = threads == 1 ? Long.MAX_VALUE : Math.max(SMALLEST_CUT, total / (4L * threads));
    dense =
        rules.stream()
            .map(rule -> plan(rule, VisitedRows.all(rule.tensor.layout)))
            .toArray(Plan[]::new);
    plans = dense.clone();
    present = new boolean[dense.length];
    bySize =
        IntStream.range(0, rules.size())
            .boxed()
            .sorted(Comparator.comparingLong(i -> size(rules.get(i))))
            .mapToInt(Integer::intValue)
            .toArray();
    batches = batches();
    long most = Arrays.stream(dense).mapToLong(Plan::scratch).max().orElse(0);
    scratch = new ThreadScratch[threads];
    own = new ThreadScratch[threads][];
    for (int i = 0; i < threads; i++) {
      scratch[i] = team.scratch(i);
      own[i] = new ThreadScratch[] {scratch[i]};
    }
    team.ensureMaxima(most);
    if (rules.stream().anyMatch(Rule::needsTiles)) {
      team.ensureTiles();
    }
  }

  private int[] batches() {
    List<Integer> begin = new ArrayList<>(List.of(0));
    long values = 0;
    for (int i = 0; i < bySize.length; i++) {
      long size = size(rules.get(bySize[i]));
      if (values > 0 && values + size > SMALLEST_CUT) {
        begin.add(i);
        values = 0;
      }
      values += size;
    }
    begin.add(bySize.length);
    return begin.stream().mapToInt(Integer::intValue).toArray();
  }

  private static long size(Rule rule) {
    return rule.parameter().shape().size();
  }

  private Plan plan(Rule rule, VisitedRows rows) {
    return rule.plan(rows, rows.values() < share ? 1 : team.threads());
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
        VisitedRows rows = gradient.rows();
        plans[i] = rows.isSparse() ? plan(rules.get(i), rows) : dense[i];
        most = Math.max(most, plans[i].scratch());
      }
    }
    team.ensureMaxima(most);
    boolean tiles = false;
    for (int i = 0; i < gradients.length; i++) {
      if (present[i]) {
        rules.get(i).begin(eta, number);
        tiles |= rules.get(i).needsTiles();
      }
    }
    if (tiles) {
      team.ensureTiles();
    }
    team.run(batches.length - 1, runBatch);
    for (int i = 0; i < gradients.length; i++) {
      if (present[i] && isCut(i)) {
        runCut(i);
      }
    }
    team.clearOperands();
  }

  private boolean isCut(int i) {
    return plans[i].parts().size() > 1;
  }

  private void runBatch(int batch, int worker) {
    for (int k = batches[batch]; k < batches[batch + 1]; k++) {
      int i = bySize[k];
      if (present[i] && !isCut(i)) {
        runWhole(rules.get(i), plans[i], own[worker]);
      }
    }
  }

  private void runCut(int i) {
    Rule rule = rules.get(i);
    cut = i;
    for (pass = 0; pass < rule.passes(); pass++) {
      team.run(plans[i].parts().size(), runPart);
      rule.commit(pass, plans[i], scratch);
    }
  }

  private void runPart(int part, int worker) {
    rules.get(cut).pass(pass, plans[cut], part, scratch[part]);
  }

  private static void runWhole(Rule rule, Plan plan, ThreadScratch[] scratch) {
    for (int pass = 0; pass < rule.passes() && !plan.parts().isEmpty(); pass++) {
      rule.pass(pass, plan, 0, scratch[0]);
      rule.commit(pass, plan, scratch);
    }
  }
}
