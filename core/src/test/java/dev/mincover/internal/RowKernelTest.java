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

  private static final int INFINITY = Float.floatToRawIntBits(Float.POSITIVE_INFINITY);

  static Stream<Arguments> cases() {
    int[] sizes = {0, 1, 7, 8, 15, 16, 17, 31, 207, 4098};
    Coefficients[] coefficients = {
      Coefficients.of(1, 0, 0),
      Coefficients.of(1, 1e-30, 0.9),
      Coefficients.of(0.95, 0, 0.9),
      Coefficients.of(0.5, 1e-8, 0)
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
      for (boolean momentum : new boolean[] {false, true}) {
        Data scalar = new Data(n + offset, seed);
        Data vector = new Data(n + offset, seed);
        int scalarMax = scalar.run(new ScalarRowKernel(), offset, n, keep, momentum, k);
        int vectorMax = vector.run(new VectorRowKernel(), offset, n, keep, momentum, k);
        assertThat(vectorMax).isEqualTo(scalarMax);
        assertThat(bits(vector.w)).isEqualTo(bits(scalar.w));
        assertThat(bits(vector.m)).isEqualTo(bits(scalar.m));
        assertThat(bits(vector.cNew)).isEqualTo(bits(scalar.cNew));
        if (n > 1) {
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
            MemorySegment.ofArray(g),
            0,
            MemorySegment.ofArray(c),
            0,
            MemorySegment.ofArray(cNew),
            0,
            2,
            Float.floatToRawIntBits(7),
            -1,
            0.5f,
            Coefficients.of(1, 0, 0));
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
        MemorySegment.ofArray(g),
        0,
        zero,
        0,
        cNew,
        0,
        n,
        INFINITY,
        -1,
        1,
        Coefficients.of(1, 0, 0));
    assertThat(w).containsOnly(0);
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
    final float[] c;
    final float[] cNew;
    final float r;

    Data(int n, long seed) {
      Random random = new Random(seed);
      w = values(n, random, 0);
      g = values(n, random, 18);
      m = values(n, random, 0);
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

    int run(RowKernel kernel, int offset, int n, int keep, boolean momentum, Coefficients k) {
      long at = (long) offset * Float.BYTES;
      MemorySegment ws = MemorySegment.ofArray(w);
      MemorySegment gs = MemorySegment.ofArray(g);
      MemorySegment cs = MemorySegment.ofArray(c);
      MemorySegment cNews = MemorySegment.ofArray(cNew);
      int bits = Float.floatToRawIntBits(r);
      return momentum
          ? kernel.updateWithMomentum(
              ws, gs, MemorySegment.ofArray(m), at, cs, at, cNews, at, n, bits, keep, 0.1f, k)
          : kernel.update(ws, gs, at, cs, at, cNews, at, n, bits, keep, 0.1f, k);
    }
  }
}
