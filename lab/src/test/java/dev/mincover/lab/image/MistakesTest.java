package dev.mincover.lab.image;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.run.Examples;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class MistakesTest {

  /** Pictures of one shade each: the number of the picture. */
  private static Digits.Pictures pictures(int... labels) {
    byte[] pixels = new byte[labels.length * Digits.PIXELS];
    byte[] digits = new byte[labels.length];
    for (int i = 0; i < labels.length; i++) {
      Arrays.fill(pixels, i * Digits.PIXELS, (i + 1) * Digits.PIXELS, (byte) i);
      digits[i] = (byte) labels[i];
    }
    return new Digits.Pictures(pixels, digits);
  }

  @Test
  void confusionsAreCountedAndDrawnTheMostFrequentFirst() throws IOException {
    Mistakes mistakes = new Mistakes(pictures(4, 4, 4, 7, 7));
    mistakes.add(0, 9);
    mistakes.add(1, 4);
    mistakes.add(2, 9);
    mistakes.add(3, 1);
    mistakes.add(4, 7);
    assertThat(mistakes.count()).isEqualTo(3);
    Examples examples = mistakes.examples();
    assertThat(examples.rows()).hasSize(2);
    assertThat(examples.rows().get(0)).containsExactly("1", "4", "9", "2");
    assertThat(examples.rows().get(1)).containsExactly("2", "7", "1", "1");
    BufferedImage image =
        ImageIO.read(
            new ByteArrayInputStream(
                Base64.getDecoder().decode(requireNonNull(examples.picture()))));
    // Two columns and two rows; ink on paper: picture 3 is drawn in shade 255 - 3.
    assertThat(image.getRGB(10, 70) & 0xFF).isEqualTo(252);
    assertThat(image.getRGB(70, 10) & 0xFF).isEqualTo(253);
    assertThat(image.getRGB(70, 70) & 0xFF).isEqualTo(255);
  }

  @Test
  void withoutAMistakeThereIsNoPicture() {
    Mistakes mistakes = new Mistakes(pictures(1));
    mistakes.add(0, 1);
    assertThat(mistakes.examples().picture()).isNull();
    assertThat(mistakes.examples().rows()).isEmpty();
  }

  @Test
  void batchesHaveThePicturesOfTheirDigits() {
    Digits.Pictures pictures = pictures(5, 6, 7, 8, 9);
    Batch batch = new Batch(3, Digits.PIXELS, 1);
    DigitBatches batches = new DigitBatches(pictures, 1);
    assertThat(batches.fill(batch)).isEqualTo(3);
    for (int row = 0; row < 3; row++) {
      assertThat(batch.targets()[row]).isEqualTo(5 + batch.inputs()[row * Digits.PIXELS]);
    }
    DigitBatches resumed = new DigitBatches(pictures, 1);
    assertThat(resumed.skip(4, batch)).isEqualTo(12);
    for (int i = 0; i < 3; i++) {
      batches.fill(batch);
    }
    batches.fill(batch);
    Batch other = new Batch(3, Digits.PIXELS, 1);
    resumed.fill(other);
    assertThat(other.inputs()).isEqualTo(batch.inputs());
    HeldOutDigits heldOut = new HeldOutDigits(pictures);
    assertThat(heldOut.fill(3, batch)).isEqualTo(2);
    assertThat(batch.targets()).startsWith(8, 9);
  }
}
