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

import dev.mincover.internal.kernel.KernelSpec.Feature;
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
 * One vector register at a time, then {@link ScalarRowKernel} on the columns that fill none.
 *
 * <p>This class is a template. {@link VectorKernels} defines a hidden class from it for each spec,
 * and the spec is then a constant to the compiler. So one loop is written for every combination of
 * formats and features, and what runs has no branch and no instruction that its spec does not ask
 * for (decision 9).
 *
 * <p>[1] C2 stops inlining calls once a method has grown to {@code NodeCountInliningCutoff} nodes,
 * which a loop of vectors over memory segments reaches; and a vector that crosses a call becomes an
 * object on the heap. Hence static constants where accessors would read better, and the rounding to
 * bfloat16 written twice.
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
  private static final boolean MOVES = SPEC.has(Feature.MOVES);
  private static final boolean CLIPS = SPEC.has(Feature.CLIPS);
  private static final boolean SCALES = SPEC.has(Feature.SCALES);
  private static final boolean AVERAGES = SPEC.has(Feature.AVERAGES);
  private static final boolean EPSILON = SPEC.has(Feature.EPSILON);
  private static final boolean DECAYS = SPEC.has(Feature.DECAYS);
  private static final boolean NESTEROV = SPEC.has(Feature.NESTEROV);
  private static final boolean FRESH = SPEC.has(Feature.FRESH);
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
  public void step(Operands x, int from, int to) {
    if (NARROW) {
      vectors(x, from, to - from, x.n);
      return;
    }
    int bound = F.loopBound(x.n);
    for (int i = from; i < to; i++) {
      vectors(x, i, 1, bound);
    }
    if (bound < x.n) {
      TAIL.step(x, from, to, bound);
    }
  }

  /**
   * Steps over n columns that fill registers.
   *
   * @param i the first row
   * @param count how many rows: 1, unless rows are narrow, which then follow one another in one
   *     loop, so that a row of a few registers does not pay for a loop of its own
   */
  private static void vectors(Operands x, int i, int count, int n) {
    MemorySegment w = x.w;
    MemorySegment m = x.m;
    MemorySegment g = x.g;
    MemorySegment c = x.c;
    MemorySegment cNew = x.cNew;
    long o0 = i * x.stride;
    long wAt = x.wAt + o0 * W_BYTES;
    long mAt = x.mAt + o0 * M_BYTES;
    long gAt = x.gAt + o0 * G_BYTES;
    long cAt = x.cAt;
    long cNewAt = x.cNewAt;
    int first = x.firstRow + i;
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
