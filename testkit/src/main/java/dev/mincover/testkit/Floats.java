package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;

/** Arrays of float32 values. */
public final class Floats {

  private Floats() {}

  /** Each value rounded to float32. */
  public static float[] of(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** The same values in double precision. */
  public static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < doubles.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  /** n times the same value. */
  public static float[] filled(int n, float value) {
    float[] values = new float[n];
    Arrays.fill(values, value);
    return values;
  }

  /** Gaussians of sizes from 1e-3 to 1e3, with an exact zero here and there. */
  public static float[] random(SplittableRandom random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] =
          random.nextInt(5) == 0
              ? 0
              : (float) (random.nextGaussian() * Math.pow(10, random.nextInt(-3, 4)));
    }
    return values;
  }

  /** One array after the other. */
  public static float[] concatenate(float[][] arrays) {
    int length = 0;
    for (float[] array : arrays) {
      length += array.length;
    }
    float[] all = new float[length];
    int at = 0;
    for (float[] array : arrays) {
      System.arraycopy(array, 0, all, at, array.length);
      at += array.length;
    }
    return all;
  }

  /** Every value has the bits of the expected one; names the first that has not. */
  public static void assertEqualBits(float[] actual, float[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      int bits = Float.floatToRawIntBits(actual[i]);
      if (bits != Float.floatToRawIntBits(expected[i])) {
        assertThat(bits)
            .as("bits of %s, value %d: %s, expected %s", what, i, actual[i], expected[i])
            .isEqualTo(Float.floatToRawIntBits(expected[i]));
      }
    }
  }

  /** No value is larger than the one it is compared with. */
  public static void assertAtMost(float[] lower, float[] upper, String what) {
    assertThat(lower).as(what).hasSameSizeAs(upper);
    for (int i = 0; i < lower.length; i++) {
      if (!(lower[i] <= upper[i])) {
        assertThat(lower[i]).as("%s, value %d", what, i).isLessThanOrEqualTo(upper[i]);
      }
    }
  }
}
