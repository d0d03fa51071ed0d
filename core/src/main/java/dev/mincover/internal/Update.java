package dev.mincover.internal;

import static java.util.Objects.requireNonNull;

import dev.mincover.Gradient;
import dev.mincover.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rule of one optimizer on one tensor, with the state it keeps. A step begins, then makes its
 * passes over the gradient, each in parts that threads share and each committed before the next.
 */
public abstract sealed class Update permits Sm3Update, AdamUpdate, AdafactorUpdate {

  final Tensor tensor;

  /** Where all state comes from. */
  final Memory memory;

  private @Nullable StepGradient gradient;
  private @Nullable Coefficients coefficients;
  private long key;
  private int largest;

  /**
   * A rule for a tensor.
   *
   * @param memory of this rule alone; its momentum is from there, too
   */
  Update(Tensor tensor, Memory memory) {
    this.tensor = tensor;
    this.memory = memory;
  }

  /** How a step's work on the tensor is shared, and the scratch memory of each part. */
  record Plan(Rows rows, List<Part> parts, List<Maxima> maxima, long scratch) {}

  /** The parameter stepped. */
  public Parameter parameter() {
    return tensor.parameter;
  }

  /** Bytes obtained for the state. */
  public final long bytes() {
    return memory.bytes();
  }

  /** The accumulators, copied to the heap. */
  public abstract float[][] accumulators();

  /**
   * Whether the rule knows what to do with a sparse gradient; a message why not, or null if it
   * does.
   */
  public abstract @Nullable String refusalOfRows();

  /**
   * Reads a gradient that fits the parameter.
   *
   * @param touched the rows it names, if it is sparse
   */
  public StepGradient gradient(Gradient gradient, @Nullable Touched touched) {
    Rows rows =
        touched == null
            ? Rows.all(tensor.view)
            : Rows.of(RowView.byIndex(tensor.view.shape()), touched);
    return new StepGradient(gradient, rows, touched);
  }

  /** Bits of the largest statistic of the last step: above any finite one after a bad gradient. */
  public int largest() {
    return largest;
  }

  /** Cuts the work on the rows visited into at most {@code parts}. */
  abstract Plan plan(Rows rows, int parts);

  /** How many passes a step takes over the gradient; one, unless the rule says otherwise. */
  int passes() {
    return 1;
  }

  /** Before the first pass, on the caller's thread. */
  final void begin(StepGradient gradient, double eta, long step) {
    this.gradient = gradient;
    coefficients = prepare(gradient, eta);
    key = tensor.key(step);
    largest = 0;
  }

  /** After the last pass: lets go of the gradient. */
  final void end() {
    gradient = null;
  }

  /** Brings the state to the step before this one, and gives this one's numbers. */
  abstract Coefficients prepare(StepGradient gradient, double eta);

  /** Runs one pass over one part. */
  abstract void pass(int pass, Plan plan, int part, Scratch scratch);

  /** After a pass over all parts; part i has used {@code scratch[i]}. */
  final void commit(int pass, Plan plan, Scratch[] scratch) {
    for (int i = 0; i < plan.parts.size(); i++) {
      largest = Math.max(largest, scratch[i].largest);
    }
    merge(pass, plan, scratch);
  }

  /** Brings together what the parts have left in their scratch memory, if anything. */
  void merge(int pass, Plan plan, Scratch[] scratch) {}

  final StepGradient gradient() {
    return requireNonNull(gradient);
  }

  final Coefficients coefficients() {
    return requireNonNull(coefficients);
  }

  final long key() {
    return key;
  }
}
