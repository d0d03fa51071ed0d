package dev.mincover.lab.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchesTest {
  /** All bytes in order, so that a byte tells where it is. */
  private static final byte[] TEXT = new byte[256];

  static {
    for (int i = 0; i < TEXT.length; i++) {
      TEXT[i] = (byte) i;
    }
  }

  @Test
  void targetsAreTheBytesAfterTheInputs() {
    var batch = new Batch(5, 7);
    new Batches(TEXT, 1).fill(batch);
    for (int row = 0; row < 5; row++) {
      long first = batch.inputs()[row * 7];
      assertThat(first).isBetween(0L, 255L - 7);
      for (int i = 0; i < 7; i++) {
        assertThat(batch.inputs()[row * 7 + i]).isEqualTo(first + i);
        assertThat(batch.targets()[row * 7 + i]).isEqualTo(first + i + 1);
      }
    }
  }

  @Test
  void equalSeedsGiveEqualBatches() {
    var a = new Batch(4, 16);
    var b = new Batch(4, 16);
    var left = new Batches(TEXT, 7);
    var right = new Batches(TEXT, 7);
    for (int i = 0; i < 100; i++) {
      left.fill(a);
      right.fill(b);
      assertThat(a.inputs()).isEqualTo(b.inputs());
      assertThat(a.targets()).isEqualTo(b.targets());
    }
  }

  @Test
  void theSequenceOfASeedIsForGood() {
    var batch = new Batch(4, 1);
    new Batches(TEXT, 7).fill(batch);
    assertThat(batch.inputs()).containsExactly(31, 20, 162, 63);
  }

  @Test
  void otherSeedsAndLaterBatchesDiffer() {
    Set<Integer> seen = new HashSet<>();
    var batch = new Batch(8, 4);
    for (long seed = -2; seed < 3; seed++) {
      var batches = new Batches(TEXT, seed);
      for (int i = 0; i < 10; i++) {
        batches.fill(batch);
        seen.add(Arrays.hashCode(batch.inputs()));
      }
    }
    assertThat(seen).hasSize(50);
  }

  @Test
  void everyWindowOfTheTextIsDrawn() {
    var batch = new Batch(16, 250);
    var batches = new Batches(TEXT, 3);
    Set<Long> seen = new HashSet<>();
    for (int i = 0; i < 20; i++) {
      batches.fill(batch);
      for (int row = 0; row < 16; row++) {
        seen.add(batch.inputs()[row * 250]);
      }
    }
    assertThat(seen).containsExactlyInAnyOrder(0L, 1L, 2L, 3L, 4L, 5L);
  }

  @Test
  void refusesAContextThatDoesNotFit() {
    new Batches(TEXT, 0).fill(new Batch(1, 255));
    assertThatThrownBy(() -> new Batches(TEXT, 0).fill(new Batch(1, 256)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a context of 256 does not fit a text of 256 bytes");
    assertThatThrownBy(() -> new Windows(TEXT, 256, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a context of 256 does not fit a text of 256 bytes");
    assertThatThrownBy(() -> new Batch(0, 1)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Windows(TEXT, 0, 1)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "255,1", "254,1", "127,2", "128,2", "16,15", "16,16", "7,10", "1,255"})
  void windowsNeverShareATarget(int context, int atMost) {
    var windows = new Windows(TEXT, context, atMost);
    assertThat(windows.count()).isEqualTo(Math.min(atMost, 255 / context));
    var batch = new Batch(3, context);
    Set<Long> targets = new HashSet<>();
    for (int first = 0; first < windows.count(); first += 3) {
      int rows = windows.fill(first, batch);
      assertThat(rows).isEqualTo(Math.min(3, windows.count() - first));
      for (int i = 0; i < rows * context; i++) {
        assertThat(batch.targets()[i]).isEqualTo(batch.inputs()[i] + 1);
        assertThat(targets.add(batch.targets()[i])).isTrue();
      }
    }
    assertThat(targets).hasSize(windows.count() * context);
  }

  @Test
  void windowsAreSpreadEvenly() {
    var windows = new Windows(TEXT, 10, 5);
    assertThat(new int[] {windows.offset(0), windows.offset(1), windows.offset(2)})
        .containsExactly(0, 51, 102);
    assertThat(windows.offset(4)).isEqualTo(204);
  }

  @Test
  void refusesABatchOfAnotherContextOrAWindowThatIsNotThere() {
    var windows = new Windows(TEXT, 10, 5);
    assertThatThrownBy(() -> windows.fill(0, new Batch(1, 11)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> windows.fill(5, new Batch(1, 10)))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }
}
