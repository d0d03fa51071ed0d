package dev.mincover.internal.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Int8Test {

  private static final int BLOCK = Int8.BLOCK;

  /** Rows of momentum kept as int8, in heap arrays that a test can look at. */
  private static final class Rows {
    final byte[] codes;
    final float[] scales;
    final Int8 storage;
    final int rowLength;

    Rows(int rows, int rowLength) {
      codes = new byte[rows * rowLength];
      scales = new float[(int) Int8.scales(rows, rowLength)];
      storage = new Int8(MemorySegment.ofArray(codes), MemorySegment.ofArray(scales), rowLength);
      this.rowLength = rowLength;
    }

    float[] keep(int row, float... values) {
      storage.store((long) row * rowLength, values.length, values, 0);
      float[] decoded = new float[values.length];
      storage.load((long) row * rowLength, values.length, decoded);
      return decoded;
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, BLOCK - 1, BLOCK, BLOCK + 1, 207, 4098})
  void isOffByHalfAStepOfItsBlockAtMost(int rowLength) {
    Rows kept = new Rows(3, rowLength);
    int blocks = (rowLength + BLOCK - 1) / BLOCK;
    assertThat(kept.scales).hasSize(3 * blocks);
    Random random = new Random(rowLength);
    for (int row = 0; row < 3; row++) {
      float[] values = new float[rowLength];
      for (int j = 0; j < rowLength; j++) {
        // Each block of a magnitude of its own.
        double scale = Math.pow(10, (row * blocks + j / BLOCK) % 9 - 4);
        values[j] = (float) (random.nextGaussian() * scale);
      }
      float[] decoded = kept.keep(row, values);
      for (int j = 0; j < rowLength; j++) {
        int from = j / BLOCK * BLOCK;
        double largest = 0;
        for (int i = from; i < Math.min(from + BLOCK, rowLength); i++) {
          largest = Math.max(largest, Math.abs(values[i]));
        }
        // Of float32 arithmetic, a little more.
        assertThat((double) Math.abs(decoded[j] - values[j]))
            .isLessThanOrEqualTo(largest / 127 * 0.50005);
      }
    }
  }

  @Test
  void codesReachFromEndToEndAndRoundToNearest() {
    Rows kept = new Rows(1, 6);
    float[] decoded = kept.keep(0, -254, 254, 2.9f, 3.1f, -0.9f, 0);
    assertThat(kept.codes).containsExactly(-127, 127, 1, 2, 0, 0);
    assertThat(kept.scales).containsExactly(2);
    assertThat(decoded).containsExactly(-254, 254, 2, 4, 0, 0);
  }

  @Test
  void scalesAreCountedByRow() {
    assertThat(Int8.scales(0, 7)).isZero();
    assertThat(Int8.scales(7, 0)).isZero();
    assertThat(Int8.scales(5, BLOCK)).isEqualTo(5);
    assertThat(Int8.scales(5, BLOCK + 1)).isEqualTo(10);
    assertThat(Int8.scales(1L << 20, 1L << 20)).isEqualTo((1L << 40) / BLOCK);
  }

  @Test
  void zerosStayZeros() {
    Rows kept = new Rows(1, 2 * BLOCK);
    float[] values = new float[2 * BLOCK];
    Arrays.fill(values, 0, BLOCK, 1);
    kept.keep(0, values);
    float[] decoded = kept.keep(0, new float[2 * BLOCK]);
    assertThat(decoded).containsOnly(0);
    assertThat(kept.scales).containsOnly(0);
    assertThat(kept.keep(0, values)).isEqualTo(values);
  }

  @Test
  void everyMagnitudeStaysFinite() {
    Rows kept = new Rows(1, 4);
    for (float largest = Float.MIN_VALUE; largest < Float.MAX_VALUE; largest *= 1.5f) {
      // Small ones must grow too.
      largest = Math.nextUp(largest);
      holds(kept, Math.min(largest, Float.MAX_VALUE));
    }
    float edge = Float.MIN_NORMAL * 127;
    for (float largest : new float[] {Math.nextDown(edge), edge, Float.MAX_VALUE}) {
      holds(kept, largest);
    }
  }

  private static void holds(Rows kept, float largest) {
    float[] values = {largest, -largest, largest / 2, 0};
    float[] decoded = kept.keep(0, values);
    for (int j = 0; j < values.length; j++) {
      double step = largest / 127d;
      double allowed = step < Float.MIN_NORMAL ? largest : step * 0.50005;
      assertThat((double) decoded[j] - values[j]).as("%a", largest).isBetween(-allowed, allowed);
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void whatIsNotFiniteShowsInItsBlockAlone(float bad) {
    Rows kept = new Rows(1, 2 * BLOCK);
    float[] values = new float[2 * BLOCK];
    Arrays.fill(values, 1);
    values[BLOCK + 3] = bad;
    float[] decoded = kept.keep(0, values);
    assertThat(Arrays.copyOf(decoded, BLOCK)).containsOnly(1);
    assertThat(Arrays.copyOfRange(decoded, BLOCK, 2 * BLOCK)).containsOnly(Float.NaN);
  }
}
