package dev.mincover.internal.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Both 16-bit formats against a table of what their patterns mean, in double. */
class SixteenBitsTest {

  private static final int SIGN = 0x8000;
  private static final int MAGNITUDE = 0x7fff;

  /** A layout of sign, exponent and fraction. */
  static final class Format {
    static final Format BFLOAT16 = new Format("bfloat16", 7);
    static final Format FLOAT16 = new Format("float16", 10);

    private final String name;
    private final int quiet; // the bit that makes a NaN a quiet one
    private final int infinity;

    /**
     * Values of the patterns from 0 to infinity, which stands for the power of two it begins at.
     */
    private final double[] table;

    Format(String name, int fractionBits) {
      this.name = name;
      int ones = (1 << (15 - fractionBits)) - 1;
      int bias = ones / 2;
      quiet = 1 << (fractionBits - 1);
      infinity = ones << fractionBits;
      table = new double[infinity + 1];
      for (int pattern = 0; pattern <= infinity; pattern++) {
        int exponent = pattern >>> fractionBits;
        int fraction = pattern & ((1 << fractionBits) - 1);
        int integer = exponent == 0 ? fraction : fraction + (1 << fractionBits);
        table[pattern] = Math.scalb((double) integer, Math.max(exponent, 1) - bias - fractionBits);
      }
    }

    Storage over(short[] values, boolean stochastic) {
      MemorySegment segment = MemorySegment.ofArray(values);
      return this == BFLOAT16
          ? new BFloat16(segment, stochastic)
          : new Float16(segment, stochastic);
    }

    short[] store(float[] from, boolean stochastic, long key) {
      short[] to = new short[from.length];
      over(to, stochastic).store(0, from.length, from, key);
      return to;
    }

    /** The largest pattern whose value is at most a magnitude that is not NaN. */
    int below(float magnitude) {
      int found = Arrays.binarySearch(table, magnitude);
      return found >= 0 ? found : -found - 2;
    }

    double value(short pattern) {
      double magnitude = table[pattern & MAGNITUDE];
      return pattern < 0 ? -magnitude : magnitude;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Format> formats() {
    return Stream.of(Format.BFLOAT16, Format.FLOAT16);
  }

  static Stream<Arguments> roundings() {
    return formats()
        .flatMap(f -> Stream.of(false, true).map(stochastic -> Arguments.of(f, stochastic)));
  }

  @ParameterizedTest(name = "{0}, stochastic {1}")
  @MethodSource("roundings")
  void everyPatternSurvives(Format format, boolean stochastic) {
    short[] patterns = new short[1 << 16];
    for (int i = 0; i < patterns.length; i++) {
      patterns[i] = (short) i;
    }
    float[] decoded = new float[patterns.length];
    format.over(patterns, stochastic).load(0, decoded.length, decoded);
    // Under key 0 the first random bits are all zero: less than anything but a fraction of zero.
    assertThat(RandomBits.bits(0, 0)).isZero();
    short[] encoded = format.store(decoded, stochastic, 0);
    for (int i = 0; i < patterns.length; i++) {
      int magnitude = i & MAGNITUDE;
      if (magnitude > format.infinity) {
        assertThat(decoded[i]).isNaN();
        assertThat(encoded[i] & MAGNITUDE).isGreaterThan(format.infinity);
      } else {
        double expected =
            magnitude == format.infinity ? Double.POSITIVE_INFINITY : format.table[magnitude];
        assertThat((double) decoded[i]).isEqualTo((i & SIGN) == 0 ? expected : -expected);
        assertThat(encoded[i]).isEqualTo(patterns[i]);
      }
    }
  }

  @ParameterizedTest(name = "{0}, stochastic {1}")
  @MethodSource("roundings")
  void everyNaNStaysOneAndGrowsQuiet(Format format, boolean stochastic) {
    // Among them those whose fraction a carry would leave, and those it would drop.
    int[] fractions = {1, 0x1fff, 0x8000, 0xffff, 0x400000, 0x7fffff, 0x7f0000, 0x3fffff};
    float[] nans = new float[2 * fractions.length];
    for (int i = 0; i < fractions.length; i++) {
      nans[2 * i] = Float.intBitsToFloat(0x7f800000 | fractions[i]);
      nans[2 * i + 1] = Float.intBitsToFloat(0xff800000 | fractions[i]);
    }
    for (long key = 0; key < 100; key++) {
      short[] encoded = format.store(nans, stochastic, key);
      for (int i = 0; i < nans.length; i++) {
        assertThat(encoded[i] & (format.infinity | format.quiet))
            .isEqualTo(format.infinity | format.quiet);
        assertThat(encoded[i] < 0).isEqualTo(i % 2 == 1);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void nearestTakesTheNearerAndOfTwoTheEven(Format format) {
    float[] values = awkward(format, 17);
    short[] encoded = format.store(values, false, 0);
    for (int i = 0; i < values.length; i++) {
      float magnitude = Math.abs(values[i]);
      int nearest = format.infinity;
      int down = format.below(magnitude);
      if (down < format.infinity) {
        double middle = (format.table[down] + format.table[down + 1]) / 2;
        boolean up = magnitude > middle || (magnitude == middle && down % 2 == 1);
        nearest = up ? down + 1 : down;
      }
      assertThat(encoded[i])
          .as("%a", values[i])
          .isEqualTo((short) (1 / values[i] < 0 ? nearest | SIGN : nearest));
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void stochasticTakesOneOfTheTwoNeighbours(Format format) {
    float[] values = awkward(format, 18);
    boolean[] seen = new boolean[2];
    for (long key = 0; key < 4; key++) {
      short[] encoded = format.store(values, true, key);
      for (int i = 0; i < values.length; i++) {
        float magnitude = Math.abs(values[i]);
        int down = format.below(magnitude);
        boolean fits = down == format.infinity || magnitude == format.table[down];
        int pattern = encoded[i] & MAGNITUDE;
        assertThat(encoded[i] < 0).as("sign of %a", values[i]).isEqualTo(1 / values[i] < 0);
        assertThat(pattern).as("%a", values[i]).isBetween(down, fits ? down : down + 1);
        seen[pattern - down] = true;
      }
    }
    assertThat(seen).containsOnly(true);
  }

  /** Midpoints between all patterns, floats next to them and to the patterns, and any other. */
  private static float[] awkward(Format format, long seed) {
    DoubleStream.Builder values = DoubleStream.builder();
    for (int pattern = 0; pattern < format.infinity; pattern++) {
      float middle = (float) ((format.table[pattern] + format.table[pattern + 1]) / 2);
      float value = (float) format.table[pattern];
      float[] all = {middle, Math.nextDown(middle), Math.nextUp(middle), value, Math.nextUp(value)};
      for (float each : all) {
        values.add(each).add(-each);
      }
    }
    Random random = new Random(seed);
    for (int i = 0; i < 200_000; i++) {
      float any = Float.intBitsToFloat(random.nextInt());
      values.add(Float.isNaN(any) ? Float.POSITIVE_INFINITY : any);
      values.add(random.nextGaussian());
    }
    double[] doubles = values.build().toArray();
    float[] floats = new float[doubles.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) doubles[i];
    }
    return floats;
  }

  static Stream<Arguments> means() {
    Stream<Float> any =
        Stream.of(
            1.0005f,
            -1.0005f,
            3.1415927f,
            -0.01f,
            -1234.567f,
            1.9999f, // Next to the end of its exponent.
            0x1.8123p-15f, // Subnormal in float16.
            -0x0.6123p-24f); // Between zero and the least float16.
    Stream<Float> subnormal = Stream.of(0x1234p-149f, -0x123456p-149f);
    return Stream.concat(
        any.flatMap(value -> formats().map(f -> Arguments.of(f, value))),
        subnormal.map(value -> Arguments.of(Format.BFLOAT16, value)));
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("means")
  void stochasticIsRightInTheMean(Format format, float value) {
    int n = 40_000;
    float[] values = new float[n];
    Arrays.fill(values, value);
    short[] encoded = format.store(values, true, RandomBits.key(3, 1, "w"));
    double sum = 0;
    for (short pattern : encoded) {
      sum += format.value(pattern);
    }
    int down = format.below(Math.abs(value));
    double step = format.table[down + 1] - format.table[down];
    double up = (Math.abs(value) - format.table[down]) / step;
    assertThat(up).isBetween(0.001, 0.999);
    double error = Math.abs(sum / n - value);
    assertThat(error).isLessThan(5 * step * Math.sqrt(up * (1 - up) / n));
  }
}
