package dev.mincover.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.internal.kernel.KernelSpec.Feature;
import dev.mincover.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The vector kernels against the scalar one, bit by bit; the scalar one has the paper's oracle. */
class RowKernelTest {

  private static final DataType F = DataType.FLOAT32;
  private static final DataType B = DataType.BFLOAT16;
  private static final int[] SIZES = {0, 1, 7, 8, 15, 16, 17, 31, 207, 4098};
  private static final KernelSpec PLAIN = KernelSpec.PLAIN;

  private static KernelSpec spec(DataType weights, DataType gradient, @Nullable DataType momentum) {
    return new KernelSpec(weights, gradient, momentum, Set.of(Feature.MOVES), 0);
  }

  /** All formats, then every other choice, both alone and with all others. */
  static Stream<KernelSpec> specs() {
    List<KernelSpec> specs = new ArrayList<>();
    for (DataType weights : List.of(F, B)) {
      for (DataType gradient : List.of(F, B)) {
        specs.add(spec(weights, gradient, null));
        specs.add(spec(weights, gradient, F));
        specs.add(spec(weights, gradient, B));
      }
    }
    List<Feature> all = List.of(Feature.values());
    for (int bits = 0; bits < 1 << all.size(); bits++) {
      if (Integer.bitCount(bits) == 1 || Integer.bitCount(bits) >= 7) {
        Set<Feature> features = EnumSet.noneOf(Feature.class);
        for (int b = 0; b < all.size(); b++) {
          // Nearly all kernels move weights: its bit takes that away.
          boolean set = ((bits >> b) & 1) == 1;
          if (set != (all.get(b) == Feature.MOVES)) {
            features.add(all.get(b));
          }
        }
        boolean nesterov = features.contains(Feature.NESTEROV);
        specs.add(new KernelSpec(nesterov ? B : F, F, nesterov ? F : null, features, 0));
      }
    }
    return specs.stream();
  }

  @ParameterizedTest
  @MethodSource("specs")
  void vectorGivesTheBitsOfScalar(KernelSpec spec) {
    for (int n : SIZES) {
      for (int offset : new int[] {0, 3}) {
        for (float scale : new float[] {1, -0.25f}) {
          long seed = 31L * n + offset;
          Data before = new Data(n + offset, seed, scale);
          Data scalar = new Data(n + offset, seed, scale);
          Data vector = new Data(n + offset, seed, scale);
          scalar.step(Kernels.SCALAR.of(spec), spec, offset, n, 0, 1);
          vector.step(new VectorKernels().of(spec), spec, offset, n, 0, 1);
          vector.assertEqualTo(scalar);
          if (n > 1) {
            assertThat(bits(vector.w).equals(bits(before.w))).isEqualTo(!spec.has(Feature.MOVES));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void rowsUnderTheSameColumnsAreRowsOneByOne(KernelSpec spec) {
    for (int n : new int[] {1, 16, 207}) {
      for (int count : new int[] {1, 2, 3, 5}) {
        int stride = n + 2;
        Data one = new Data(stride * count, n, 0.5f);
        Data all = new Data(stride * count, n, 0.5f);
        for (int i = 0; i < count; i++) {
          one.rows(Kernels.SCALAR.of(spec), spec, n, stride, i, 1);
        }
        all.rows(new VectorKernels().of(spec), spec, n, stride, 0, count);
        all.assertEqualTo(one);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void narrowRowsAreRowsOneByOne(KernelSpec spec) {
    RowKernel scalar = Kernels.SCALAR.of(spec);
    for (int n : new int[] {4, 8, 12, 16, 24, 48}) {
      KernelSpec narrow = spec.with(spec.gradient(), new VectorKernels().narrow(n));
      RowKernel vector = new VectorKernels().of(narrow);
      for (int count : new int[] {1, 2, Operands.MOST_ROWS}) {
        Data one = new Data(n * count, n, 0.5f);
        Data all = new Data(n * count, n, 0.5f);
        for (int i = 0; i < count; i++) {
          one.rows(scalar, spec, n, n, i, 1);
        }
        all.step(vector, narrow, 0, n, 0, count);
        all.assertEqualTo(one);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void takesTheLeastOfRowAndColumn(Kernels kernels) {
    Data data = new Data(2, 1, 1);
    data.set(data.w, 0, 0);
    data.set(data.g, 3, 0);
    data.set(data.c, 16, 2);
    data.set(data.cNew, 100, 1);
    data.x.r[0] = Float.floatToRawIntBits(7);
    data.x.k.eta = 0.5f;
    data.step(kernels.of(PLAIN), PLAIN, 0, 2, 0, 1);
    assertThat(floats(data.w)).containsExactly(-0.5f * (3f / 4f), 0);
    assertThat(floats(data.cNew)).containsExactly(100, 2);
    assertThat(Float.intBitsToFloat(data.x.rNew[0])).isEqualTo(16);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void doesNothingWhereNuIsZero(Kernels kernels) {
    int n = 19;
    Data data = new Data(n, 1, 1);
    for (MemorySegment each : List.of(data.w, data.g, data.c, data.cNew)) {
      each.fill((byte) 0);
    }
    data.g.setAtIndex(JAVA_FLOAT, 18, 1e-30f); // Its square is 0.
    data.x.r[0] = RowKernel.INFINITY;
    data.step(kernels.of(PLAIN), PLAIN, 0, n, 0, 1);
    assertThat(floats(data.w)).containsOnly(0);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void badGradientsShowInTheMaxima(Kernels kernels) {
    // The NaN of 0 / 0 has its sign set on some processors.
    for (int bad : new int[] {0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000}) {
      for (int at : new int[] {0, 8, 18}) {
        Data data = new Data(19, 1, 1);
        data.g.fill((byte) 0);
        data.g.setAtIndex(JAVA_INT, at, bad);
        data.x.rNew[0] = 0;
        data.step(kernels.of(PLAIN), PLAIN, 0, 19, 0, 1);
        assertThat(data.x.rNew[0]).isGreaterThanOrEqualTo(RowKernel.INFINITY);
        assertThat(Float.isFinite(floats(data.cNew)[at])).isFalse();
        assertThat(kernels.largest(F, data.g, 0, 19)).isEqualTo(bad & RowKernel.MAGNITUDE);
      }
    }
  }

  @Test
  void theLargestMagnitudeIsThatOfTheValues() {
    for (int n : SIZES) {
      MemorySegment values = new Data(n, n, 1).g;
      int halves = 2 * n;
      for (Kernels kernels : List.of(Kernels.SCALAR, new VectorKernels())) {
        int largest = 0;
        for (float value : floats(values)) {
          largest = Math.max(largest, Float.floatToRawIntBits(Math.abs(value)));
        }
        assertThat(kernels.largest(F, values, 0, n)).isEqualTo(largest);
        for (int odd = 0; odd < 2 && odd <= halves; odd++) {
          largest = 0;
          for (int i = odd; i < halves; i++) {
            largest = Math.max(largest, (values.getAtIndex(JAVA_SHORT, i) & 0x7fff) << 16);
          }
          int found = kernels.largest(B, values, (long) odd * Short.BYTES, halves - odd);
          assertThat(found).isEqualTo(largest);
        }
      }
    }
  }

  static Stream<Kernels> kernels() {
    return Stream.of(Kernels.SCALAR, new VectorKernels());
  }

  private static float[] floats(MemorySegment segment) {
    return segment.toArray(JAVA_FLOAT);
  }

  private static List<Integer> bits(MemorySegment segment) {
    List<Integer> bits = new ArrayList<>();
    for (int each : segment.toArray(JAVA_INT)) {
      bits.add(each);
    }
    return bits;
  }

  /** Weights and friends of all magnitudes, zeros among them; 16-bit ones take half the room. */
  private static final class Data {
    final MemorySegment w;
    final MemorySegment g;
    final MemorySegment m;
    final MemorySegment c;
    final MemorySegment cNew;
    final Operands x = new Operands();

    Data(int n, long seed, float scale) {
      Random random = new Random(seed);
      w = values(n, random, 0);
      g = values(n, random, 9);
      m = values(n, random, 0);
      c = values(n, random, 18);
      cNew = values(n, random, 18);
      for (MemorySegment mu : List.of(c, cNew)) {
        for (int i = 0; i < n; i++) {
          float value = mu.getAtIndex(JAVA_FLOAT, i);
          mu.setAtIndex(JAVA_FLOAT, i, Math.abs(value));
        }
      }
      for (int i = 0; i < Operands.MOST_ROWS; i++) {
        float r = random.nextBoolean() ? Float.POSITIVE_INFINITY : random.nextFloat();
        x.r[i] = Float.floatToRawIntBits(r);
      }
      x.w = w;
      x.m = m;
      x.g = g;
      x.c = c;
      x.cNew = cNew;
      x.k.keepNu = 0.95f;
      x.k.addNu = 0.05f;
      x.k.epsilon = 1e-8f;
      x.k.keepMomentum = 0.9f;
      x.k.addMomentum = 0.1f;
      x.k.eta = 0.3f;
      x.k.keepWeight = 0.99f;
      x.k.limit = 0.7f;
      x.k.scale = scale;
    }

    private static MemorySegment values(int n, Random random, int decades) {
      float[] values = new float[n];
      for (int i = 0; i < n; i++) {
        double scale = Math.pow(10, decades * (2 * random.nextDouble() - 1));
        values[i] =
            random.nextInt(5) == 0
                ? (random.nextBoolean() ? 0f : -0f)
                : (float) (random.nextGaussian() * scale);
      }
      return MemorySegment.ofArray(values);
    }

    void set(MemorySegment segment, float... values) {
      segment.copyFrom(MemorySegment.ofArray(values));
    }

    void step(RowKernel kernel, KernelSpec spec, int offset, int n, int first, int count) {
      place(spec, offset, n, n, first);
      x.cAt = (long) offset * Float.BYTES;
      x.cNewAt = x.cAt;
      kernel.step(x, 0, count);
    }

    /** Some of several rows of n values, under the same c. */
    void rows(RowKernel kernel, KernelSpec spec, int n, int stride, int first, int count) {
      place(spec, (long) first * stride, n, stride, first);
      x.cAt = 0;
      x.cNewAt = 0;
      kernel.step(x, 0, count);
    }

    private void place(KernelSpec spec, long at, int n, int stride, int first) {
      x.wAt = at * spec.weights().bytes();
      x.mAt = at * spec.momentumBytes();
      x.gAt = at * spec.gradient().bytes();
      x.n = n;
      x.stride = stride;
      x.firstRow = first;
    }

    void assertEqualTo(Data expected) {
      assertThat(x.rNew).isEqualTo(expected.x.rNew);
      assertThat(bits(w)).isEqualTo(bits(expected.w));
      assertThat(bits(m)).isEqualTo(bits(expected.m));
      assertThat(bits(cNew)).isEqualTo(bits(expected.cNew));
    }
  }
}
