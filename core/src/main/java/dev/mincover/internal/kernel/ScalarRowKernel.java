package dev.mincover.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.mincover.internal.storage.BFloat16;
import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;

/**
 * One value at a time: the oracle of the vector kernels, their tail, and their stand-in.
 *
 * @param spec what it is made for
 */
record ScalarRowKernel(KernelSpec spec) implements RowKernel {

  @Override
  public void step(
      Operands x,
      long wAt,
      long mAt,
      long gAt,
      long cAt,
      long cNewAt,
      int n,
      long stride,
      int first,
      int count) {
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < n; j++) {
        long at = i * stride + j;
        int nu = step(x, wAt, mAt, gAt, at, cAt, cNewAt, j, x.r[first + i]);
        x.rNew[first + i] = Math.max(x.rNew[first + i], nu);
      }
    }
  }

  private int step(
      Operands x, long wAt, long mAt, long gAt, long at, long cAt, long cNewAt, int j, int r) {
    Coefficients k = x.k;
    long o = (long) j * Float.BYTES;
    float g = transform(load(spec.gradient(), x.g, gAt, at), k);
    float nu = nu(Math.min(x.c.get(JAVA_INT_UNALIGNED, cAt + o), r), g, k);
    int bits = Float.floatToRawIntBits(nu) & MAGNITUDE;
    int old = spec.fresh() ? 0 : x.cNew.get(JAVA_INT_UNALIGNED, cNewAt + o);
    x.cNew.set(JAVA_INT_UNALIGNED, cNewAt + o, Math.max(old, bits));
    if (spec.moves()) {
      move(x, wAt, mAt, at, scale(g, nu, k));
    }
    return bits;
  }

  private float transform(float g, Coefficients k) {
    float cut = spec.clips() ? Math.max(-k.limit, Math.min(k.limit, g)) : g;
    return spec.scales() ? cut * k.scale + k.addend() : cut;
  }

  private float nu(int least, float g, Coefficients k) {
    float mu = Float.intBitsToFloat(least);
    return spec.averages() ? k.keepNu * mu + k.addNu * (g * g) : mu + g * g;
  }

  private float scale(float g, float nu, Coefficients k) {
    float d = spec.epsilon() ? nu + k.epsilon : nu;
    return d == 0 ? 0 : g / (float) Math.sqrt(d);
  }

  private void move(Operands x, long wAt, long mAt, long j, float u) {
    Coefficients k = x.k;
    float direction = u;
    if (spec.momentum() != null) {
      float m = k.keepMomentum * load(spec.momentum(), x.m, mAt, j) + k.addMomentum * u;
      store(spec.momentum(), x.m, mAt, j, m);
      direction = spec.nesterov() ? u + k.keepMomentum * m : m;
    }
    float w = load(spec.weights(), x.w, wAt, j);
    store(spec.weights(), x.w, wAt, j, (spec.decays() ? k.keepWeight * w : w) - k.eta * direction);
  }

  private static float load(DataType type, MemorySegment values, long at, long j) {
    return type == DataType.FLOAT32
        ? values.get(JAVA_FLOAT_UNALIGNED, at + j * Float.BYTES)
        : BFloat16.decode(values.get(JAVA_SHORT_UNALIGNED, at + j * Short.BYTES));
  }

  private static void store(DataType type, MemorySegment values, long at, long j, float value) {
    if (type == DataType.FLOAT32) {
      values.set(JAVA_FLOAT_UNALIGNED, at + j * Float.BYTES, value);
    } else {
      short half = BFloat16.nearest(Float.floatToRawIntBits(value));
      values.set(JAVA_SHORT_UNALIGNED, at + j * Short.BYTES, half);
    }
  }
}
