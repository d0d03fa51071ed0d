package dev.mincover.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.internal.storage.BFloat16;
import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * One value at a time: the oracle of the vector kernels, their tail, and their stand-in. It reads
 * like the lines of {@link RowKernel}, and is as slow as that.
 */
final class ScalarRowKernel implements RowKernel {

  private final DataType weights;
  private final DataType gradient;
  private final @Nullable DataType momentum;
  private final boolean moves;
  private final boolean nesterov;
  private final boolean clips;
  private final boolean scales;
  private final boolean averages;
  private final boolean hasEpsilon;
  private final boolean decays;
  private final boolean fresh;

  ScalarRowKernel(KernelSpec spec) {
    weights = spec.weights();
    gradient = spec.gradient();
    momentum = spec.momentum();
    moves = spec.has(Feature.MOVES);
    nesterov = spec.has(Feature.NESTEROV);
    clips = spec.has(Feature.CLIPS);
    scales = spec.has(Feature.SCALES);
    averages = spec.has(Feature.AVERAGES);
    hasEpsilon = spec.has(Feature.EPSILON);
    decays = spec.has(Feature.DECAYS);
    fresh = spec.has(Feature.FRESH);
  }

  @Override
  public void step(Operands x, int from, int to) {
    step(x, from, to, 0);
  }

  /**
   * The same for the columns of the stretch from {@code column} on: what a vector kernel leaves
   * over when registers do not fit its length.
   */
  void step(Operands x, int from, int to, int column) {
    for (int i = from; i < to; i++) {
      int row = x.firstRow + i;
      int largest = x.rNew[row];
      for (int j = column; j < x.n; j++) {
        largest = Math.max(largest, step(x, i * x.stride + j, j, x.r[row]));
      }
      x.rNew[row] = largest;
    }
  }

  /**
   * Steps one value.
   *
   * @param at of the value, counted from the start of row 0's stretch
   * @param j its column
   * @return the bits of its nu
   */
  private int step(Operands x, long at, int j, int r) {
    Coefficients k = x.k;
    long o = (long) j * Float.BYTES;
    float g = transform(load(gradient, x.g, x.gAt, at), k);
    float nu = nu(Math.min(x.c.get(JAVA_INT_UNALIGNED, x.cAt + o), r), g, k);
    int bits = Float.floatToRawIntBits(nu) & MAGNITUDE;
    int old = fresh ? 0 : x.cNew.get(JAVA_INT_UNALIGNED, x.cNewAt + o);
    x.cNew.set(JAVA_INT_UNALIGNED, x.cNewAt + o, Math.max(old, bits));
    if (moves) {
      move(x, at, direction(g, nu, k));
    }
    return bits;
  }

  private float transform(float g, Coefficients k) {
    float cut = clips ? Math.max(-k.limit, Math.min(k.limit, g)) : g;
    return scales ? cut * k.scale + k.addend() : cut;
  }

  private float nu(int least, float g, Coefficients k) {
    float mu = Float.intBitsToFloat(least);
    return averages ? k.keepNu * mu + k.addNu * (g * g) : mu + g * g;
  }

  private float direction(float g, float nu, Coefficients k) {
    float d = hasEpsilon ? nu + k.epsilon : nu;
    return d == 0 ? 0 : g / (float) Math.sqrt(d);
  }

  private void move(Operands x, long at, float u) {
    Coefficients k = x.k;
    float direction = u;
    DataType momentum = this.momentum;
    if (momentum != null) {
      float m = k.keepMomentum * load(momentum, x.m, x.mAt, at) + k.addMomentum * u;
      store(momentum, x.m, x.mAt, at, m);
      direction = nesterov ? u + k.keepMomentum * m : m;
    }
    float w = load(weights, x.w, x.wAt, at);
    store(weights, x.w, x.wAt, at, (decays ? k.keepWeight * w : w) - k.eta * direction);
  }

  private static float load(DataType type, MemorySegment values, long start, long at) {
    return type == DataType.FLOAT32
        ? values.get(JAVA_FLOAT_UNALIGNED, start + at * Float.BYTES)
        : BFloat16.decode(values.get(JAVA_SHORT_UNALIGNED, start + at * Short.BYTES));
  }

  private static void store(DataType type, MemorySegment values, long start, long at, float value) {
    if (type == DataType.FLOAT32) {
      values.set(JAVA_FLOAT_UNALIGNED, start + at * Float.BYTES, value);
    } else {
      short half = BFloat16.nearest(Float.floatToRawIntBits(value));
      values.set(JAVA_SHORT_UNALIGNED, start + at * Short.BYTES, half);
    }
  }
}
