package dev.mincover.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The vector kernel against the scalar one, bit by bit; the scalar one has the paper's oracle. */
class RowKernelTest {

  /** Without momentum or decay. */
  private static Coefficients plain(float eta) {
    return new Coefficients(1, 1, 0, 0, 0, eta, 1);
  }

  static Stream<Arguments> cases() {
    int[] sizes = {0, 1, 7, 8, 15, 16, 17, 31, 207, 4098};
    Coefficients[] coefficients = {
      new Coefficients(1, 1, 0, 0.5f, 0.5f, 0.1f, 1),
      new Coefficients(1, 1, 1e-30f, 0.9f, 0.1f, 0.1f, 1),
      new Coefficients(0.95f, 0.05f, 0, 0.9f, 1, 0.3f, 0.99f),
      new Coefficients(0.5f, 0.5f, 1e-8f, 0.9f, 0.1f, 0.1f, 0.9f),
      new Coefficients(0, 1, 0, 0.9f, 0.1f, 0.1f, 1),
      new Coefficients(1, 0, 0, 0.5f, 0.5f, 0.1f, 1)
    };
    return IntStream.of(sizes)
        .boxed()
        .flatMap(n ->
            Stream.of(coefficients)
                .flatMap(
                    k -> Stream.of(0, -1).map(keep -> Arguments.of(n, k, keep, 31L * n + keep))));
  }

  @ParameterizedTest(name = "n {0}, {1}, keep {2}, seed {3}")
  @MethodSource("cases")
  void vectorGivesTheBitsOfScalar(int n, Coefficients k, int keep, long seed) {
    for (int offset : new int[] {0, 3}) {
      for (Mode mode : Mode.values()) {
        Data scalar = new Data(n + offset, seed);
        Data vector = new Data(n + offset, seed);
        int scalarMax = scalar.run(new ScalarRowKernel(), offset, n, keep, mode, k);
        int vectorMax = vector.run(new VectorRowKernel(), offset, n, keep, mode, k);
        assertThat(vectorMax).isEqualTo(scalarMax);
        assertThat(bits(vector.w)).isEqualTo(bits(scalar.w));
        assertThat(bits(vector.m)).isEqualTo(bits(scalar.m));
        assertThat(bits(vector.cNew)).isEqualTo(bits(scalar.cNew));
        assertThat(bits(vector.u)).isEqualTo(bits(scalar.u));
        if (n > 1 && mode != Mode.PRECONDITION) {
          assertThat(vector.w).isNotEqualTo(new Data(n + offset, seed).w);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void takesTheLeastOfRowAndColumn(RowKernel kernel) {
    float[] w = {0, 0};
    float[] g = {3, 0};
    float[] c = {16, 2};
    float[] cNew = {100, 1};
    int rNew =
        kernel.update(
            MemorySegment.ofArray(w),
            0,
            MemorySegment.ofArray(g),
            0,
            MemorySegment.ofArray(c),
            0,
            MemorySegment.ofArray(cNew),
            0,
            2,
            Float.floatToRawIntBits(7),
            -1,
            plain(0.5f));
    assertThat(w).containsExactly(-0.5f * (3f / 4f), 0);
    assertThat(cNew).containsExactly(100, 2);
    assertThat(Float.intBitsToFloat(rNew)).isEqualTo(16);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void doesNothingWhereNuIsZero(RowKernel kernel) {
    int n = 19;
    float[] w = new float[n];
    float[] g = new float[n];
    g[18] = 1e-30f; // Its square underflows to 0.
    MemorySegment zero = MemorySegment.ofArray(new float[n]);
    MemorySegment cNew = MemorySegment.ofArray(new float[n]);
    kernel.update(
        MemorySegment.ofArray(w),
        0,
        MemorySegment.ofArray(g),
        0,
        zero,
        0,
        cNew,
        0,
        n,
        RowKernel.INFINITY,
        -1,
        plain(1));
    assertThat(w).containsOnly(0);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void badGradientsShowInTheMaxima(RowKernel kernel) {
    // The NaN of 0 / 0 has its sign set on some processors.
    for (int bad : new int[] {0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000}) {
      for (int at : new int[] {0, 8, 18}) {
        float[] g = new float[19];
        g[at] = Float.intBitsToFloat(bad);
        float[] u = new float[19];
        float[] cNew = new float[19];
        MemorySegment c = MemorySegment.ofArray(new float[19]);
        int rNew =
            kernel.precondition(g, u, c, 0, MemorySegment.ofArray(cNew), 0, 19, 0, -1, plain(0.1f));
        assertThat(rNew).isGreaterThanOrEqualTo(RowKernel.INFINITY);
        assertThat(Float.isFinite(cNew[at])).isFalse();
        assertThat(kernel.largest(MemorySegment.ofArray(g), 0, 19)).isEqualTo(bad & 0x7fffffff);
      }
    }
    float[] g = {1, -3, 2};
    assertThat(kernel.largest(MemorySegment.ofArray(g), 0, 3))
        .isEqualTo(Float.floatToRawIntBits(3));
  }

  static Stream<RowKernel> kernels() {
    return Stream.of(new ScalarRowKernel(), new VectorRowKernel());
  }

  private static int[] bits(float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    return bits;
  }

  /** Weights and friends of all magnitudes, zeros among them. */
  private static final class Data {
    final float[] w;
    final float[] g;
    final float[] m;
    final float[] u;
    final float[] c;
    final float[] cNew;
    final float r;

    Data(int n, long seed) {
      Random random = new Random(seed);
      w = values(n, random, 0);
      g = values(n, random, 18);
      m = values(n, random, 0);
      u = new float[n];
      c = values(n, random, 30);
      cNew = values(n, random, 30);
      for (int i = 0; i < n; i++) {
        c[i] = Math.abs(c[i]);
        cNew[i] = Math.abs(cNew[i]);
      }
      r = random.nextBoolean() ? Float.POSITIVE_INFINITY : random.nextFloat();
    }

    private static float[] values(int n, Random random, int decades) {
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        double scale = Math.pow(10, decades * (2 * random.nextDouble() - 1));
        values[i] = random.nextInt(5) == 0 ? 0 : (float) (random.nextGaussian() * scale);
      }
      return values;
    }

    int run(RowKernel kernel, int offset, int n, int keep, Mode mode, Coefficients k) {
      long at = (long) offset * Float.BYTES;
      MemorySegment ws = MemorySegment.ofArray(w);
      MemorySegment ms = MemorySegment.ofArray(m);
      MemorySegment gs = MemorySegment.ofArray(g);
      MemorySegment cs = MemorySegment.ofArray(c);
      MemorySegment cNews = MemorySegment.ofArray(cNew);
      int bits = Float.floatToRawIntBits(r);
      return switch (mode) {
        case UPDATE -> kernel.update(ws, at, gs, at, cs, at, cNews, at, n, bits, keep, k);
        case WITH_MOMENTUM ->
            kernel.updateWithMomentum(ws, ms, at, gs, at, cs, at, cNews, at, n, bits, keep, k);
        case PRECONDITION -> kernel.precondition(g, u, cs, at, cNews, at, n, bits, keep, k);
      };
    }
  }

  /** The methods of a kernel. */
  private enum Mode {
    UPDATE,
    WITH_MOMENTUM,
    PRECONDITION
  }
}
