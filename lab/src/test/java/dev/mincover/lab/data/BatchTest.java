package dev.mincover.lab.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BatchTest {

  @Test
  void aShorterRowIsFilledUp() {
    Batch batch = new Batch(2, 4, 3);
    batch.fillRow(1, new long[] {7, 8}, 9, new long[] {5});
    assertThat(batch.inputs()).containsExactly(0, 0, 0, 0, 7, 8, 9, 9);
    assertThat(batch.targets()).containsExactly(0, 0, 0, 5, Batch.IGNORED, Batch.IGNORED);
  }

  @Test
  void ignoredTargetsDoNotCount() {
    Batch batch = new Batch(3, 1, 2);
    batch.fillRow(0, new long[] {1}, 0, new long[] {});
    batch.fillRow(2, new long[] {1}, 0, new long[] {4});
    assertThat(batch.countedTargets(0, 1)).isEqualTo(0);
    assertThat(batch.countedTargets(0, 3)).isEqualTo(3);
    assertThat(batch.countedTargets(2, 3)).isEqualTo(1);
  }

  @Test
  void emptyShapesAreRefused() {
    assertThatThrownBy(() -> new Batch(1, 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("batch 1, inputs 1 and targets 0 must be >= 1");
  }
}
