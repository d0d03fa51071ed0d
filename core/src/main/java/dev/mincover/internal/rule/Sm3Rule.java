package dev.mincover.internal.rule;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.Kernels;
import dev.mincover.internal.pass.CoverAccumulators;
import dev.mincover.internal.pass.CoverAccumulators.Along;
import dev.mincover.internal.pass.LearningTensor;
import dev.mincover.internal.pass.RowPass;
import dev.mincover.internal.pass.RowPass.Purpose;
import dev.mincover.internal.pass.ScratchMaxima;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * SM3 on one tensor. SM3-II takes one pass. SM3-I takes two: one finds the largest square of every
 * set, and the other moves the weights once these squares are added to mu.
 *
 * <p>A moving average scales all accumulators by beta at every step, also those of rows that a
 * sparse gradient does not name. Accumulators that rows share are scaled at once. Those that belong
 * to one index of axis 0 are scaled when that index is next named, once for each step that has
 * passed, and each product is rounded as it would have been at its step [1].
 *
 * <p>[1] A stamp of 4 bytes per index says up to which step its accumulators are settled. The
 * stamps are allocated at the first sparse gradient.
 */
public final class Sm3Rule extends Rule {

  private final RowPass[] passes;
  final CoverAccumulators mu;
  private final float keepNu;
  private final float addNu;
  private @Nullable MemorySegment settled;

  private Sm3Rule(
      LearningTensor tensor,
      CoverAccumulators mu,
      Sm3 recipe,
      Kernels kernels,
      NativeMemory memory) {
    super(tensor, memory);
    this.mu = mu;
    keepNu = (float) recipe.secondMoment().beta();
    addNu = Coefficients.complement(recipe.secondMoment().beta());
    float epsilon = (float) recipe.epsilon();
    // Of a single weight both algorithms say the same.
    boolean twoPasses = recipe.algorithm() == Sm3.Algorithm.SM3_I && mu.along != Along.EACH;
    List<Purpose> purposes =
        twoPasses
            ? List.of(
                new Purpose(false, true, 0, 1, epsilon), new Purpose(true, false, 1, 0, epsilon))
            : List.of(new Purpose(true, true, keepNu, addNu, epsilon));
    passes =
        purposes.stream()
            .map(purpose -> new RowPass(kernels, tensor, mu, purpose))
            .toArray(RowPass[]::new);
  }

  /** Allocates the state of a parameter that learns. */
  public static Sm3Rule of(Parameter parameter, Sm3 recipe, NativeMemory memory) {
    return of(parameter, recipe, Kernels.fastest(), memory);
  }

  static Sm3Rule of(Parameter parameter, Sm3 recipe, Kernels kernels, NativeMemory memory) {
    NativeMemory own = memory.part();
    State state = State.of(parameter.name(), parameter.shape(), recipe, own);
    LearningTensor tensor =
        new LearningTensor(
            parameter, state.layout, recipe.options(), recipe.momentum(), state.momentum);
    return new Sm3Rule(tensor, state.mu, recipe, kernels, own);
  }

  /** What is allocated before the first step. */
  record State(RowLayout layout, CoverAccumulators mu, @Nullable Storage momentum) {
    static State of(String name, Shape shape, Sm3 recipe, NativeMemory memory) {
      RowLayout layout = RowLayout.of(shape);
      return new State(
          layout,
          CoverAccumulators.of(name, recipe.cover().of(name), layout, memory),
          LearningTensor.momentum(
              recipe.momentum(), layout, recipe.options().rounding().stochastic(), memory));
    }
  }

  @Override
  public float[][] accumulators() {
    settleAll(steps(), steps());
    return mu.copy();
  }

  @Override
  public List<NamedTensor> state() {
    settleAll(steps(), steps());
    List<NamedTensor> state = new ArrayList<>(mu.state());
    state.addAll(tensor.momentumState());
    return state;
  }

  @Override
  public void restoreSteps(long steps) {
    super.restoreSteps(steps);
    if (settled != null) {
      stampAll(settled, steps); // A saved state is settled.
    }
  }

  @Override
  public @Nullable String refusalOfRows() {
    int rank = tensor.layout.shape().rank();
    if (rank == 0) {
      return "a scalar has no rows";
    }
    if (rank == 1 && tensor.momentum != null && tensor.recipe().format() == Momentum.Format.INT8) {
      return "a vector's int8 momentum shares its scales among rows; store it as bfloat16";
    }
    return null;
  }

  @Override
  public Plan plan(VisitedRows rows, int parts) {
    List<TensorPart> cut = TensorPart.cut(rows, parts);
    List<ScratchMaxima> maxima = new ArrayList<>();
    long scratch = 0;
    for (TensorPart part : cut) {
      ScratchMaxima of = new ScratchMaxima(mu, rows, part, maxima.isEmpty());
      maxima.add(of);
      scratch = Math.max(scratch, of.floats);
    }
    return new Plan(rows, cut, maxima, scratch);
  }

  @Override
  public int passes() {
    return passes.length;
  }

  @Override
  public boolean needsTiles() {
    for (RowPass pass : passes) {
      if (pass.needsTiles(gradient())) {
        return true;
      }
    }
    return false;
  }

  @Override
  void prepare(StepGradient gradient, double eta) {
    long before = steps() - 1;
    if (gradient.rows().isSparse()) {
      settle(gradient.rows(), before);
    } else {
      settleAll(before, steps());
    }
    for (RowPass pass : passes) {
      pass.begin(gradient, eta, key());
    }
  }

  @Override
  void run(int pass, Plan plan, int part, ThreadScratch scratch) {
    passes[pass].run(gradient(), plan.parts().get(part), plan.maxima().get(part), scratch);
  }

  @Override
  void merge(int pass, Plan plan, ThreadScratch[] scratch) {
    if (pass == 1) {
      return;
    }
    MemorySegment all = scratch[0].maxima.segment();
    for (int i = 1; i < plan.parts().size(); i++) {
      plan.maxima().getFirst().merge(all, plan.maxima().get(i), scratch[i].maxima.segment());
    }
    if (passes.length == 2) {
      ScratchMaxima.Commit sum = (old, max) -> keepNu * old + addNu * max;
      plan.maxima().getFirst().commit(all, sum, sum);
    } else if (plan.rows().isSparse()) {
      // Rows left out have nu = keepNu * min(mu), the largest of which is keepNu * mu.
      plan.maxima()
          .getFirst()
          .commit(all, (_, max) -> max, (old, max) -> Math.max(keepNu * old, max));
    } else {
      plan.maxima().getFirst().commit(all, (_, max) -> max, (_, max) -> max);
    }
  }

  /** Scales what belongs to the indices about to be visited, for the steps that left them out. */
  private void settle(VisitedRows rows, long before) {
    if (keepNu == 1 || !mu.ownedByIndex()) {
      return;
    }
    if (settled == null) {
      settled = memory.ints(tensor.layout.shape().dimension(0));
      stampAll(settled, before);
    }
    for (long entry = 0; entry < rows.entries(); entry++) {
      long index = rows.index(entry);
      settle(settled, index, before);
      settled.setAtIndex(JAVA_INT, index, (int) (before + 1));
    }
  }

  /** Settles all indices up to a step, and stamps them. */
  private void settleAll(long upTo, long stamp) {
    if (settled != null) {
      for (long index = 0; index < settled.byteSize() / Integer.BYTES; index++) {
        settle(settled, index, upTo);
      }
      stampAll(settled, stamp);
    }
  }

  private void settle(MemorySegment settled, long index, long upTo) {
    int missed = (int) upTo - settled.getAtIndex(JAVA_INT, index);
    if (missed == 0) {
      return;
    }
    if (mu.along == Along.EACH) {
      long width = tensor.layout.shape().size() / tensor.layout.shape().dimension(0);
      for (long i = index * width; i < (index + 1) * width; i++) {
        decay(mu.all, i, missed);
      }
    } else {
      decay(mu.leading[0].mu(), index, missed);
    }
  }

  /** Multiplies step by step: a power would be rounded otherwise. */
  private void decay(MemorySegment mu, long i, int times) {
    float value = mu.getAtIndex(JAVA_FLOAT, i);
    for (int t = 0; t < times; t++) {
      float next = keepNu * value;
      if (next == value) {
        break; // Zero, or a subnormal that rounds to itself.
      }
      value = next;
    }
    mu.setAtIndex(JAVA_FLOAT, i, value);
  }

  private static void stampAll(MemorySegment settled, long step) {
    for (long index = 0; index < settled.byteSize() / Integer.BYTES; index++) {
      settled.setAtIndex(JAVA_INT, index, (int) step);
    }
  }
}
