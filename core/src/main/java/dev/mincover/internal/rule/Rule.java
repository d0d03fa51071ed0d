package dev.mincover.internal.rule;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.pass.LearningTensor;
import dev.mincover.internal.pass.ScratchMaxima;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an optimizer does to one tensor, and the state it keeps for it. A step {@link #read}s the
 * gradient, {@link #begin}s, and makes its passes over the gradient. Threads share the parts of a
 * {@link #pass}, which is {@link #commit}ted before the next one starts.
 */
public abstract sealed class Rule permits Sm3Rule, AdamRule, AdafactorRule {

  public final LearningTensor tensor;

  /** Where all state comes from. */
  final NativeMemory memory;

  private final StepGradient gradient;
  private long steps;
  private long key;
  private int largest;
  private long overflowAt;

  /**
   * A rule for a tensor.
   *
   * @param memory of this rule alone; its momentum is from there, too
   */
  Rule(LearningTensor tensor, NativeMemory memory) {
    this.tensor = tensor;
    this.memory = memory;
    gradient = new StepGradient(tensor.layout);
  }

  /** How a step's work on the tensor is shared, and the scratch memory of each part. */
  public record Plan(
      VisitedRows rows, List<TensorPart> parts, List<ScratchMaxima> maxima, long scratch) {}

  /** The parameter stepped. */
  public Parameter parameter() {
    return tensor.parameter;
  }

  /** Bytes obtained for the state. */
  public final long bytes() {
    return memory.bytes();
  }

  /** Copies the accumulators to the heap. */
  public abstract float[][] accumulators();

  /**
   * The state but for {@link #steps}, in its own memory, settled as of the last step: reading it
   * saves the state, overwriting it restores one. Names do not depend on which options are on.
   */
  public abstract List<NamedTensor> state();

  /** Values along a row, at whose ends blocks of int8 momentum end. */
  public long rowLength() {
    return tensor.layout.rowLength();
  }

  /** How many steps gave this tensor a gradient; in a step, this one included. */
  public final long steps() {
    return steps;
  }

  /** Sets {@link #steps}, as a state that was restored has it. */
  public void restoreSteps(long steps) {
    this.steps = steps;
  }

  /** Why the rule cannot take a sparse gradient, in words; null if it can. */
  public abstract @Nullable String refusalOfRows();

  /** Takes this step's gradient, which fits the parameter; returns the same object every time. */
  public StepGradient read(Gradient given) {
    gradient.set(given);
    return gradient;
  }

  /** Bits of the largest statistic of the last step: above any finite one after a bad gradient. */
  public int largest() {
    return largest;
  }

  /**
   * The first weight, in row-major order, that the last step has moved out of its format's range;
   * {@link ThreadScratch#NOWHERE} if there is none.
   */
  public long overflowAt() {
    return overflowAt;
  }

  /** Whether this step's gradient needs the tiles of the threads' scratch memory. */
  public boolean needsTiles() {
    return false;
  }

  /** Cuts the work on the rows visited into at most {@code parts}. */
  public abstract Plan plan(VisitedRows rows, int parts);

  /** How many passes a step takes over the gradient; one, unless the rule says otherwise. */
  public int passes() {
    return 1;
  }

  /** Before the first pass, on the caller's thread. */
  public final void begin(double eta, long step) {
    key = tensor.key(step);
    largest = 0;
    overflowAt = ThreadScratch.NOWHERE;
    steps++;
    prepare(gradient, eta);
  }

  /** Brings the state to the step before this one, and writes this one's numbers. */
  abstract void prepare(StepGradient gradient, double eta);

  /** Runs one pass over one part. */
  public final void pass(int pass, Plan plan, int part, ThreadScratch scratch) {
    scratch.begin();
    run(pass, plan, part, scratch);
  }

  /** What {@link #pass} does in the rule's own way. */
  abstract void run(int pass, Plan plan, int part, ThreadScratch scratch);

  /** After a pass over all parts; part i has used {@code scratch[i]}. */
  public final void commit(int pass, Plan plan, ThreadScratch[] scratch) {
    for (int i = 0; i < plan.parts.size(); i++) {
      largest = Math.max(largest, scratch[i].largest);
      overflowAt = Math.min(overflowAt, scratch[i].overflowAt);
    }
    merge(pass, plan, scratch);
  }

  /** Merges what the parts have left in their scratch memory, if the rule leaves anything. */
  void merge(int pass, Plan plan, ThreadScratch[] scratch) {}

  final StepGradient gradient() {
    return gradient;
  }

  final long key() {
    return key;
  }
}
