package dev.mincover.internal.rule;

import dev.mincover.checkpoint.NamedTensor;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Coefficients;
import dev.mincover.internal.kernel.RowKernel;
import dev.mincover.internal.pass.CoverAccumulators;
import dev.mincover.internal.pass.LearningTensor;
import dev.mincover.internal.rows.RowLayout;
import dev.mincover.internal.rows.TensorPart;
import dev.mincover.internal.rows.VisitedRows;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.storage.Storage;
import dev.mincover.internal.thread.ThreadScratch;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Adam on one tensor, as one long row: m and v by weight. */
public final class AdamRule extends Rule {

  private final Adam recipe;
  private final CoverAccumulators v;
  private final Storage squares;
  private final Storage mean;
  private final MemorySegment m;
  private final float keepM;
  private final float addM;
  private final float keepV;
  private final float addV;
  private final float epsilon;
  private final Coefficients k = new Coefficients();
  private float unbiasM;
  private float unbiasV;

  private AdamRule(LearningTensor tensor, State state, Adam recipe, NativeMemory memory) {
    super(tensor, memory);
    this.recipe = recipe;
    v = state.v;
    squares = new Float32(v.all);
    m = state.m;
    mean = new Float32(m);
    keepM = (float) recipe.beta1();
    addM = Coefficients.complement(recipe.beta1());
    keepV = (float) recipe.beta2();
    addV = Coefficients.complement(recipe.beta2());
    epsilon = (float) recipe.epsilon();
  }

  /** Allocates the state of a parameter that learns. */
  public static AdamRule of(Parameter parameter, Adam recipe, NativeMemory memory) {
    NativeMemory own = memory.part();
    State state = State.of(parameter.shape(), own);
    LearningTensor tensor =
        new LearningTensor(parameter, state.layout, recipe.options(), Momentum.none(), null);
    return new AdamRule(tensor, state, recipe, own);
  }

  /** What is allocated before the first step. */
  record State(RowLayout layout, CoverAccumulators v, MemorySegment m) {
    static State of(Shape shape, NativeMemory memory) {
      RowLayout layout = RowLayout.flat(shape);
      return new State(layout, CoverAccumulators.each(layout, memory), memory.floats(shape.size()));
    }
  }

  @Override
  public float[][] accumulators() {
    return v.copy();
  }

  @Override
  public List<NamedTensor> state() {
    return List.of(
        NamedTensor.of("m", tensor.layout.shape(), m),
        NamedTensor.of("v", tensor.layout.shape(), v.all));
  }

  @Override
  public @Nullable String refusalOfRows() {
    return "Adam takes dense gradients; its averages decay everywhere at every step";
  }

  @Override
  public Plan plan(VisitedRows rows, int parts) {
    return new Plan(rows, TensorPart.cut(rows, parts), List.of(), 0);
  }

  @Override
  void prepare(StepGradient gradient, double eta) {
    unbiasM = (float) (1 / (1 - Math.pow(recipe.beta1(), (double) steps())));
    unbiasV = (float) (1 / Math.sqrt(1 - Math.pow(recipe.beta2(), (double) steps())));
    tensor.prepare(k, eta);
  }

  @Override
  void run(int pass, Plan plan, int part, ThreadScratch scratch) {
    StepGradient gradient = gradient();
    float[] g = scratch.g;
    float[] m = scratch.m;
    float[] v = scratch.other;
    float[] u = scratch.u;
    TensorPart range = plan.parts().get(part);
    int largest = 0;
    for (long at = range.column0(); at < range.column1(); at += ThreadScratch.TILE) {
      int n = (int) Math.min(ThreadScratch.TILE, range.column1() - at);
      gradient.load(0, at, n, g, scratch.other);
      mean.load(at, n, m);
      squares.load(at, n, v);
      for (int j = 0; j < n; j++) {
        m[j] = keepM * m[j] + addM * g[j];
        v[j] = keepV * v[j] + addV * (g[j] * g[j]);
        float d = (float) Math.sqrt(v[j]) * unbiasV + epsilon;
        u[j] = d == 0 ? 0 : m[j] * unbiasM / d;
        largest = Math.max(largest, Float.floatToRawIntBits(v[j]) & RowKernel.MAGNITUDE);
      }
      mean.store(at, n, m, 0);
      squares.store(at, n, v, 0);
      tensor.move(at, n, u, k, key(), scratch);
    }
    scratch.largest = largest;
  }
}
