package dev.mincover.internal;

import dev.mincover.Adam;
import dev.mincover.Momentum;
import dev.mincover.Parameter;
import dev.mincover.Shape;
import dev.mincover.internal.storage.Float32;
import dev.mincover.internal.storage.Storage;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Adam on one tensor, as one long row: m and v by weight. */
public final class AdamUpdate extends Update {

  private final Adam recipe;
  private final Accumulators v;
  private final Storage squares;
  private final Storage mean;
  private final float keepM;
  private final float addM;
  private final float keepV;
  private final float addV;
  private final float epsilon;
  private final Coefficients k = new Coefficients();
  private long steps;
  private float unbiasM;
  private float unbiasV;

  private AdamUpdate(Tensor tensor, State state, Adam recipe, Memory memory) {
    super(tensor, memory);
    this.recipe = recipe;
    v = state.v;
    squares = new Float32(v.all);
    mean = new Float32(state.m);
    keepM = (float) recipe.beta1();
    addM = Coefficients.complement(recipe.beta1());
    keepV = (float) recipe.beta2();
    addV = Coefficients.complement(recipe.beta2());
    epsilon = (float) recipe.epsilon();
  }

  /** Allocates the state of a parameter that learns. */
  public static AdamUpdate of(Parameter parameter, Adam recipe, Memory memory) {
    Memory own = memory.part();
    State state = State.of(parameter.shape(), own);
    Tensor tensor = new Tensor(parameter, state.view, recipe.options(), Momentum.none(), null);
    return new AdamUpdate(tensor, state, recipe, own);
  }

  /** Bytes that {@link #of} would obtain. */
  public static long stateBytes(Shape shape) {
    Memory counted = Memory.counting();
    State.of(shape, counted);
    return counted.bytes();
  }

  /** What is allocated before the first step. */
  private record State(RowView view, Accumulators v, MemorySegment m) {
    static State of(Shape shape, Memory memory) {
      RowView view = RowView.flat(shape);
      return new State(view, Accumulators.each(view, memory), memory.floats(shape.size()));
    }
  }

  @Override
  public float[][] accumulators() {
    return v.copy();
  }

  @Override
  public @Nullable String refusalOfRows() {
    return "Adam takes dense gradients; its averages decay everywhere at every step";
  }

  @Override
  Plan plan(Rows rows, int parts) {
    return new Plan(rows, Part.cut(rows, parts), List.of(), 0);
  }

  @Override
  void prepare(StepGradient gradient, double eta) {
    steps++;
    unbiasM = (float) (1 / (1 - Math.pow(recipe.beta1(), (double) steps)));
    unbiasV = (float) (1 / Math.sqrt(1 - Math.pow(recipe.beta2(), (double) steps)));
    tensor.prepare(k, eta);
  }

  @Override
  void pass(int pass, Plan plan, int part, Scratch scratch) {
    StepGradient gradient = gradient();
    float[] g = scratch.g;
    float[] m = scratch.m;
    float[] v = scratch.other;
    float[] u = scratch.u;
    Part range = plan.parts().get(part);
    int largest = 0;
    for (long at = range.column0(); at < range.column1(); at += Scratch.TILE) {
      int n = (int) Math.min(Scratch.TILE, range.column1() - at);
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
