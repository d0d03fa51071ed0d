package dev.mincover.lab.mlm;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.data.Batch;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MaskingTest {

  private static byte[] text(int length) {
    byte[] text = new byte[length];
    new Random(1).nextBytes(text);
    return text;
  }

  /**
   * 80,000 positions: each share has a standard deviation of at most half a percent of the whole.
   */
  @Test
  void bytesAreHiddenAsBertHidesThem() {
    int length = 80_000;
    byte[] text = text(length);
    Batch batch = new Batch(1, length);
    new Masking(Seed.generator(7), length).fillRow(batch, 0, text, 0);
    int chosen = 0;
    int masked = 0;
    int same = 0;
    for (int i = 0; i < length; i++) {
      long original = Byte.toUnsignedLong(text[i]);
      long input = batch.inputs()[i];
      if (batch.targets()[i] == Batch.IGNORED) {
        assertThat(input).isEqualTo(original);
      } else {
        assertThat(batch.targets()[i]).isEqualTo(original);
        chosen++;
        masked += input == Masking.MASK ? 1 : 0;
        same += input == original ? 1 : 0;
      }
    }
    assertThat((double) chosen / length).isCloseTo(0.15, within(0.005));
    assertThat((double) masked / chosen).isCloseTo(0.8, within(0.015));
    // A random byte is the same as the one before in 1 of 256 cases.
    assertThat((double) same / chosen).isCloseTo(0.1 + 0.1 / 256, within(0.012));
  }

  @Test
  void whatIsSkippedIsWhatWouldHaveBeenDrawn() {
    byte[] text = text(500);
    Batch one = new Batch(3, 16);
    Batch other = new Batch(3, 16);
    MaskedBatches straight = new MaskedBatches(text, 16, 5);
    long tokens = 0;
    for (int i = 0; i < 4; i++) {
      tokens += straight.fill(one);
    }
    straight.fill(one);
    MaskedBatches resumed = new MaskedBatches(text, 16, 5);
    assertThat(resumed.skip(4, other)).isEqualTo(tokens).isEqualTo(4 * 3 * 16);
    resumed.fill(other);
    assertThat(other.inputs()).isEqualTo(one.inputs());
    assertThat(other.targets()).isEqualTo(one.targets());
  }

  @Test
  void theWindowsOfAValidationAreAlwaysTheSame() {
    byte[] text = text(300);
    MaskedWindows windows = new MaskedWindows(text, 16, 9);
    assertThat(windows.count()).isEqualTo(9);
    assertThat(windows.windows().targets())
        .isEqualTo(new MaskedWindows(text, 16, 9).windows().targets());
    Batch batch = new Batch(4, 16);
    assertThat(windows.fill(8, batch)).isEqualTo(1);
    assertThat(batch.inputs()[3]).isEqualTo(windows.windows().inputs()[8 * 16 + 3]);
  }

  @Test
  void tooLittleTextToMaskIsToldBeforeAnythingBegins() {
    assertThatThrownBy(() -> new MaskedWindows(new byte[] {1}, 1, 5))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the corpus is too short: of the 1 bytes of its validation text");
  }

  @Test
  void frequenciesAreThoseOfTheText() {
    ByteFrequencies frequencies = new ByteFrequencies("aaab".getBytes(US_ASCII));
    assertThat(frequencies.mostFrequent()).isEqualTo('a');
    Batch batch = new Batch(1, 3);
    batch.fillRow(0, new long[] {0, 0, 0}, 0, new long[] {'a', Batch.IGNORED, 'b'});
    // 254 bytes never occur and count once each: 258 in all.
    double expected = -(Math.log(3.0 / 258) + Math.log(1.0 / 258)) / (2 * Math.log(2));
    assertThat(frequencies.bits(batch)).isCloseTo(expected, within(1e-12));
  }
}
