package dev.mincover.testkit;

import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** Shapes whose axis 0 is worth leaving rows out of, and random gradients of some of their rows. */
final class RandomSparse {

  /** Some rows of a gradient. */
  static final class Rows {

    /** In any order, perhaps repeated. */
    private final long[] rows;

    /** Row after row. */
    private final float[] values;

    Rows(long[] rows, float[] values) {
      this.rows = rows;
      this.values = values;
    }

    Gradient gradient(DataType type) {
      return Gradient.rows(MemorySegment.ofArray(rows), CoreRun.encode(values, type), type);
    }

    /** All rows: 0 where none is given, and in float32 the sum, in order, of those that repeat. */
    float[] dense(int size, int height) {
      float[] dense = new float[size];
      int width = height == 0 ? 0 : size / height;
      boolean[] seen = new boolean[height];
      for (int k = 0; k < rows.length; k++) {
        int row = (int) rows[k];
        for (int j = 0; j < width; j++) {
          float value = values[k * width + j];
          dense[row * width + j] = seen[row] ? dense[row * width + j] + value : value;
        }
        seen[row] = true;
      }
      return dense;
    }

    boolean touches(int row) {
      return Arrays.stream(rows).anyMatch(touched -> touched == row);
    }
  }

  private RandomSparse() {}

  static Stream<Long> seeds() {
    return LongStream.range(0, 48).boxed();
  }

  /**
   * Of rank 1 to 4, which is the seed modulo 4 and one more. Last axes are short enough to be
   * folded or long enough not to, and of lengths that do not fit lanes.
   */
  static int[] shape(long seed) {
    var random = new SplittableRandom(seed);
    int rank = (int) (seed % 4) + 1;
    int[] shape = random.ints(rank, 1, 5).toArray();
    shape[0] = random.nextInt(1, 10);
    if (rank > 1) {
      int[] lasts = {1, 3, 8, 17, 64, 67};
      shape[rank - 1] = lasts[random.nextInt(lasts.length)];
    }
    return shape;
  }

  /** No row, one, all in any order, some with repetitions, or some that favour the first. */
  static Rows rows(SplittableRandom random, int... shape) {
    int height = shape[0];
    int width = Arrays.stream(shape).skip(1).reduce(1, Math::multiplyExact);
    long[] rows =
        switch (random.nextInt(6)) {
          case 0 -> new long[0];
          case 1 -> new long[] {random.nextInt(height)};
          case 2 -> shuffled(random, height);
          case 3, 4 -> random.longs(random.nextInt(1, 2 * height + 1), 0, height).toArray();
          default ->
              LongStream.range(0, height).filter(i -> random.nextInt(2 + (int) i) == 0).toArray();
        };
    // bfloat16 or float16 can hold it, so that one gradient may be given in any type.
    float[] values = Floats.random(random, rows.length * width);
    for (int i = 0; i < values.length; i++) {
      float rounded = Float.intBitsToFloat(Float.floatToRawIntBits(values[i]) & 0xffff0000);
      values[i] = Float.float16ToFloat(Float.floatToFloat16(rounded));
    }
    return new Rows(rows, values);
  }

  private static long[] shuffled(SplittableRandom random, int n) {
    long[] rows = IntStream.range(0, n).mapToLong(i -> i).toArray();
    for (int i = n - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      long row = rows[i];
      rows[i] = rows[j];
      rows[j] = row;
    }
    return rows;
  }
}
