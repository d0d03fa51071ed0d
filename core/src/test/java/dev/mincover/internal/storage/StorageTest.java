package dev.mincover.internal.storage;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What all formats have in common. */
class StorageTest {

  private static final int ROWS = 3;
  private static final int ROW = 3 * Int8.BLOCK + 5;
  private static final int SIZE = ROWS * ROW;

  enum Format {
    FLOAT32(4),
    BFLOAT16(2),
    BFLOAT16_STOCHASTIC(2),
    FLOAT16(2),
    FLOAT16_STOCHASTIC(2),
    INT8(1);

    private final int bytes;

    Format(int bytes) {
      this.bytes = bytes;
    }

    Storage over(MemorySegment values, MemorySegment scales) {
      return switch (this) {
        case FLOAT32 -> new Float32(values);
        case BFLOAT16 -> new BFloat16(values, false);
        case BFLOAT16_STOCHASTIC -> new BFloat16(values, true);
        case FLOAT16 -> new Float16(values, false);
        case FLOAT16_STOCHASTIC -> new Float16(values, true);
        case INT8 -> new Int8(values, scales, ROW);
      };
    }
  }

  /** A storage on segments of a kind, and its bytes. */
  private static final class Kept {
    private final MemorySegment values;
    private final MemorySegment scales;
    final Storage storage;

    Kept(Format format, boolean off) {
      int valueBytes = SIZE * format.bytes;
      int scaleBytes = (int) Int8.scales(ROWS, ROW) * Float.BYTES;
      // Off the heap, and off alignment too.
      values = off ? odd(valueBytes) : MemorySegment.ofArray(new byte[valueBytes]);
      scales = off ? odd(scaleBytes) : MemorySegment.ofArray(new byte[scaleBytes]);
      values.fill((byte) 0x55);
      scales.fill((byte) 0x55);
      storage = format.over(values, scales);
    }

    private static MemorySegment odd(int bytes) {
      return Arena.ofAuto().allocate(bytes + 1, 8).asSlice(1);
    }

    byte[] bytes() {
      return values.toArray(ValueLayout.JAVA_BYTE);
    }

    byte[] scales() {
      return scales.toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static Stream<Arguments> cuts() {
    return Stream.of(Format.values())
        .flatMap(f ->
            Stream.of(Int8.BLOCK, 2 * Int8.BLOCK, ROW)
                .flatMap(cut -> Stream.of(false, true).map(off -> Arguments.of(f, cut, off))));
  }

  @ParameterizedTest(name = "{0}, cut {1}, off the heap {2}")
  @MethodSource("cuts")
  void howItIsCutNeverShows(Format format, int cut, boolean off) {
    float[] values = values(5);
    Kept whole = new Kept(format, false);
    for (int row = 0; row < ROWS; row++) {
      store(whole, values, row * ROW, ROW, 9);
    }
    // Backwards, so that nothing can come from the stretch before.
    Kept stretches = new Kept(format, off);
    float[] loaded = new float[SIZE];
    for (int row = ROWS - 1; row >= 0; row--) {
      for (int column = (ROW - 1) / cut * cut; column >= 0; column -= cut) {
        int n = Math.min(cut, ROW - column);
        store(stretches, values, row * ROW + column, n, 9);
        float[] stretch = new float[n];
        stretches.storage.load(row * ROW + column, n, stretch);
        System.arraycopy(stretch, 0, loaded, row * ROW + column, n);
      }
    }
    assertThat(stretches.bytes()).isEqualTo(whole.bytes());
    if (format == Format.INT8) {
      assertThat(stretches.scales()).isEqualTo(whole.scales());
    }
    for (int row = 0; row < ROWS; row++) {
      float[] expected = new float[ROW];
      whole.storage.load((long) row * ROW, ROW, expected);
      assertThat(Arrays.copyOfRange(loaded, row * ROW, (row + 1) * ROW)).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void onlyTheStretchIsWrittenAndRead(Format format) {
    Kept kept = new Kept(format, false);
    int at = ROW + Int8.BLOCK;
    store(kept, values(6), at, Int8.BLOCK, 9);
    byte[] bytes = kept.bytes();
    for (int i = 0; i < bytes.length; i++) {
      if (i < at * format.bytes || i >= (at + Int8.BLOCK) * format.bytes) {
        assertThat(bytes[i]).isEqualTo((byte) 0x55);
      }
    }
    byte[] scales = kept.scales();
    int scale = 4 * (4 + 1); // Of row 1, four blocks on, the second.
    for (int i = 0; i < scales.length; i++) {
      if (i < scale || i >= scale + 4) {
        assertThat(scales[i]).isEqualTo((byte) 0x55);
      }
    }
    float[] into = new float[Int8.BLOCK + 1];
    into[Int8.BLOCK] = 42;
    kept.storage.load(at, Int8.BLOCK, into);
    assertThat(into[Int8.BLOCK]).isEqualTo(42);
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void valuesComeBackInTheirPlaces(Format format) {
    Kept kept = new Kept(format, true);
    float[] values = values(7);
    for (int row = 0; row < ROWS; row++) {
      store(kept, values, row * ROW, ROW, 9);
      float[] loaded = new float[ROW];
      kept.storage.load((long) row * ROW, ROW, loaded);
      for (int j = 0; j < ROW; j++) {
        // Half an int8 step of at most 4.5 / 127, or 2^-7 of the value.
        assertThat(loaded[j])
            .isCloseTo(values[row * ROW + j], within(format, values[row * ROW + j]));
      }
    }
  }

  private static Offset<Float> within(Format format, float value) {
    return Offset.offset(
        switch (format) {
          case FLOAT32 -> 0f;
          case INT8 -> 0.018f;
          default -> Math.abs(value) / 128;
        });
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void theKeyMattersJustWhereRoundingIsStochastic(Format format) {
    Kept one = new Kept(format, false);
    Kept other = new Kept(format, false);
    store(one, values(8), 0, ROW, 1);
    store(other, values(8), 0, ROW, 2);
    if (format.name().endsWith("STOCHASTIC")) {
      assertThat(one.bytes()).isNotEqualTo(other.bytes());
    } else {
      assertThat(one.bytes()).isEqualTo(other.bytes());
    }
  }

  private static void store(Kept kept, float[] values, int at, int n, long key) {
    kept.storage.store(at, n, Arrays.copyOfRange(values, at, at + n), key);
  }

  private static float[] values(long seed) {
    Random random = new Random(seed);
    float[] values = new float[SIZE];
    for (int i = 0; i < SIZE; i++) {
      values[i] = Math.clamp((float) random.nextGaussian(), -4.5f, 4.5f);
    }
    return values;
  }
}
