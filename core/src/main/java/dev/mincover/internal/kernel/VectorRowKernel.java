package dev.mincover.internal.kernel;

import static dev.mincover.internal.kernel.VectorKernels.ORDER;
import static java.lang.invoke.MethodHandles.classData;
import static java.lang.invoke.MethodHandles.lookup;
import static java.util.Objects.requireNonNull;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;

import dev.mincover.internal.storage.BFloat16;
import dev.mincover.tensor.DataType;
import java.lang.constant.ConstantDescs;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * A vector register at a time, then {@link ScalarRowKernel} on the tail.
 *
 * <p>A template: {@link VectorKernels} defines a hidden class from it for each spec, which is then
 * a constant to the compiler. So one loop is written, and what runs has no branch and no
 * instruction that its spec does not ask for.
 *
 * <p>[1] The compiler stops following calls of ours when a method has grown large, as this one has
 * by its vectors: hence no accessors in its loop, and what is said twice there.
 */
final class VectorRowKernel implements RowKernel {

  private static final KernelSpec SPEC = spec();
  private static final boolean NARROW = SPEC.narrow() > 0;

  private static final VectorSpecies<Float> F =
      NARROW
          ? VectorSpecies.of(float.class, VectorShape.forBitSize(SPEC.narrow() * Float.SIZE))
          : FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> I = F.withLanes(int.class);
  private static final VectorSpecies<Short> S =
      VectorSpecies.of(short.class, VectorShape.forBitSize(F.vectorBitSize() / 2));
  private static final int STEP = F.length();

  // Constants of the class itself [1].
  private static final boolean MOVES = SPEC.moves();
  private static final boolean CLIPS = SPEC.clips();
  private static final boolean SCALES = SPEC.scales();
  private static final boolean AVERAGES = SPEC.averages();
  private static final boolean EPSILON = SPEC.epsilon();
  private static final boolean DECAYS = SPEC.decays();
  private static final boolean NESTEROV = SPEC.nesterov();
  private static final boolean FRESH = SPEC.fresh();
  private static final boolean HAS_MOMENTUM = SPEC.momentum() != null;
  private static final boolean HALF_W = SPEC.weights() == DataType.BFLOAT16;
  private static final boolean HALF_M = SPEC.momentum() == DataType.BFLOAT16;
  private static final boolean HALF_G = SPEC.gradient() == DataType.BFLOAT16;
  private static final int W_BYTES = HALF_W ? Short.BYTES : Float.BYTES;
  private static final int M_BYTES = HALF_M ? Short.BYTES : Float.BYTES;
  private static final int G_BYTES = HALF_G ? Short.BYTES : Float.BYTES;

  private static final ScalarRowKernel TAIL = new ScalarRowKernel(SPEC);

  /** Called by reflection. */
  VectorRowKernel() {}

  private static KernelSpec spec() {
    try {
      return requireNonNull(classData(lookup(), ConstantDescs.DEFAULT_NAME, KernelSpec.class));
    } catch (IllegalAccessException e) {
      throw new LinkageError("a hidden class may read its own data", e);
    }
  }

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
    if (NARROW) {
      vectors(x, wAt, mAt, gAt, cAt, cNewAt, n, first, count);
      return;
    }
    int bound = F.loopBound(n);
    for (int i = 0; i < count; i++) {
      long o = i * stride;
      long w = wAt + o * W_BYTES;
      long m = mAt + o * M_BYTES;
      long g = gAt + o * G_BYTES;
      vectors(x, w, m, g, cAt, cNewAt, bound, first + i, 1);
    }
    if (bound < n) {
      long c = (long) bound * Float.BYTES;
      TAIL.step(
          x,
          wAt + (long) bound * W_BYTES,
          mAt + (long) bound * M_BYTES,
          gAt + (long) bound * G_BYTES,
          cAt + c,
          cNewAt + c,
          n - bound,
          stride,
          first,
          count);
    }
  }

  /** {@link #step} for n values that fill registers. */
  private static void vectors(
      Operands x,
      long wAt,
      long mAt,
      long gAt,
      long cAt,
      long cNewAt,
      int n,
      int first,
      int count) {
    // Locals, all of them: a store to memory might change a field, for all the compiler knows.
    MemorySegment w = x.w;
    MemorySegment m = x.m;
    MemorySegment g = x.g;
    MemorySegment c = x.c;
    MemorySegment cNew = x.cNew;
    Coefficients k = x.k;
    float limit = k.limit;
    float scale = k.scale;
    float addend = k.addend();
    float keepNu = k.keepNu;
    float addNu = k.addNu;
    float epsilon = k.epsilon;
    float keepM = k.keepMomentum;
    float addM = k.addMomentum;
    float keepW = k.keepWeight;
    float eta = k.eta;
    IntVector rs = IntVector.broadcast(I, x.r[first]);
    IntVector rNew = IntVector.zero(I);
    int row = first;
    int column = 0;
    int values = NARROW ? n * count : n;
    for (int j = 0; j < values; j += STEP) {
      long o = (long) (NARROW ? column : j) * Float.BYTES;
      long gj = gAt + (long) j * G_BYTES;
      FloatVector gradient =
          HALF_G
              ? ((IntVector) ShortVector.fromMemorySegment(S, g, gj, ORDER).convertShape(S2I, I, 0))
                  .lanewise(LSHL, 16)
                  .reinterpretAsFloats()
              : FloatVector.fromMemorySegment(F, g, gj, ORDER);
      if (CLIPS) {
        gradient = gradient.min(limit).max(-limit);
      }
      if (SCALES) {
        gradient = gradient.mul(scale).add(addend);
      }
      IntVector least = IntVector.fromMemorySegment(I, c, cAt + o, ORDER).min(rs);
      FloatVector mu = least.reinterpretAsFloats();
      FloatVector square = gradient.mul(gradient);
      FloatVector nu = AVERAGES ? mu.mul(keepNu).add(square.mul(addNu)) : mu.add(square);
      IntVector bits = nu.reinterpretAsInts().and(MAGNITUDE);
      rNew = rNew.max(bits);
      if (FRESH) {
        bits.intoMemorySegment(cNew, cNewAt + o, ORDER);
      } else {
        IntVector raised = IntVector.fromMemorySegment(I, cNew, cNewAt + o, ORDER).max(bits);
        raised.intoMemorySegment(cNew, cNewAt + o, ORDER);
      }
      column += STEP;
      if (NARROW && column == n) {
        x.rNew[row] = Math.max(x.rNew[row], rNew.reduceLanes(MAX));
        row++;
        column = 0;
        rs = IntVector.broadcast(I, x.r[row]);
        rNew = IntVector.zero(I);
      }
      if (!MOVES) {
        continue;
      }
      FloatVector d = EPSILON ? nu.add(epsilon) : nu;
      FloatVector direction = gradient.div(d.sqrt()).blend(0, d.compare(EQ, 0));
      if (HAS_MOMENTUM) {
        long mj = mAt + (long) j * M_BYTES;
        FloatVector momentum =
            HALF_M
                ? ((IntVector)
                        ShortVector.fromMemorySegment(S, m, mj, ORDER).convertShape(S2I, I, 0))
                    .lanewise(LSHL, 16)
                    .reinterpretAsFloats()
                : FloatVector.fromMemorySegment(F, m, mj, ORDER);
        momentum = momentum.mul(keepM).add(direction.mul(addM));
        if (HALF_M) {
          IntVector mBits = momentum.reinterpretAsInts();
          IntVector mOdd = mBits.lanewise(LSHR, 16).and(1);
          IntVector mRounded = mBits.add(mOdd).add(0x7fff).lanewise(ASHR, 16);
          IntVector mNan = mBits.lanewise(ASHR, 16).or(BFloat16.QUIET);
          IntVector mUpper = mRounded.blend(mNan, mBits.and(MAGNITUDE).compare(GT, INFINITY));
          ((ShortVector) mUpper.convertShape(I2S, S, 0)).intoMemorySegment(m, mj, ORDER);
        } else {
          momentum.intoMemorySegment(m, mj, ORDER);
        }
        direction = NESTEROV ? direction.add(momentum.mul(keepM)) : momentum;
      }
      long wj = wAt + (long) j * W_BYTES;
      FloatVector weight =
          HALF_W
              ? ((IntVector) ShortVector.fromMemorySegment(S, w, wj, ORDER).convertShape(S2I, I, 0))
                  .lanewise(LSHL, 16)
                  .reinterpretAsFloats()
              : FloatVector.fromMemorySegment(F, w, wj, ORDER);
      FloatVector kept = DECAYS ? weight.mul(keepW) : weight;
      FloatVector moved = kept.sub(direction.mul(eta));
      if (HALF_W) {
        IntVector wBits = moved.reinterpretAsInts();
        IntVector wOdd = wBits.lanewise(LSHR, 16).and(1);
        IntVector wRounded = wBits.add(wOdd).add(0x7fff).lanewise(ASHR, 16);
        IntVector wNan = wBits.lanewise(ASHR, 16).or(BFloat16.QUIET);
        IntVector wUpper = wRounded.blend(wNan, wBits.and(MAGNITUDE).compare(GT, INFINITY));
        ((ShortVector) wUpper.convertShape(I2S, S, 0)).intoMemorySegment(w, wj, ORDER);
      } else {
        moved.intoMemorySegment(w, wj, ORDER);
      }
    }
    if (!NARROW) {
      x.rNew[first] = Math.max(x.rNew[first], rNew.reduceLanes(MAX));
    }
  }
}
