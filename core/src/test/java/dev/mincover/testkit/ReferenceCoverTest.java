package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ReferenceCoverTest {

  @Test
  void aMatrixIsCoveredByRowsThenColumns() {
    assertThat(ReferenceCover.slices(2, 3))
        .isEqualTo(
            ReferenceCover.of(6, new int[][] {{0, 1, 2}, {3, 4, 5}, {0, 3}, {1, 4}, {2, 5}}));
  }

  @Test
  void aTensorIsCoveredByTheSlicesOfEveryAxisInOrder() {
    assertThat(ReferenceCover.slices(2, 2, 2))
        .isEqualTo(
            ReferenceCover.of(
                8,
                new int[][] {
                  {0, 1, 2, 3}, {4, 5, 6, 7}, {0, 1, 4, 5}, {2, 3, 6, 7}, {0, 2, 4, 6}, {1, 3, 5, 7}
                }));
  }

  @Test
  void axesOfLength1KeepTheirOneSlice() {
    assertThat(ReferenceCover.slices(1, 2))
        .isEqualTo(ReferenceCover.of(2, new int[][] {{0, 1}, {0}, {1}}));
  }

  @Test
  void ranks0And1HaveSingletons() {
    assertThat(ReferenceCover.slices()).isEqualTo(ReferenceCover.of(1, new int[] {0}));
    assertThat(ReferenceCover.slices(3))
        .isEqualTo(ReferenceCover.of(3, new int[][] {{0}, {1}, {2}}))
        .isEqualTo(ReferenceCover.singletons(3));
  }

  @Test
  void emptyTensorsHaveEmptySlices() {
    assertThat(ReferenceCover.slices(0).sets()).isEmpty();
    assertThat(ReferenceCover.slices(0, 2).sets()).isEqualTo(List.of(List.of(), List.of()));
    assertThat(ReferenceCover.slices(2, 0, 1).sets())
        .isEqualTo(List.of(List.of(), List.of(), List.of()));
    assertThat(ReferenceCover.slices(2, 0, 1).size()).isZero();
    assertThat(ReferenceCover.whole(0).sets()).isEqualTo(List.of(List.of()));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void everyCoordinateLiesInOneSlicePerAxis(RandomRun run) {
    int[] lengths = run.lengths();
    var cover = ReferenceCover.slices(lengths);
    for (int i = 0; i < cover.size(); i++) {
      Integer coordinate = i;
      assertThat(cover.sets().stream().filter(set -> set.contains(coordinate)))
          .as("sets with coordinate %d", i)
          .hasSize(Math.max(1, lengths.length));
    }
  }

  @Test
  void rowsAreTheSlicesOfAxis0() {
    assertThat(ReferenceCover.rows(2, 1, 3))
        .isEqualTo(ReferenceCover.of(6, new int[][] {{0, 1, 2}, {3, 4, 5}}));
    assertThat(ReferenceCover.rows(2)).isEqualTo(ReferenceCover.singletons(2));
  }

  @Test
  void wholeIsOneSet() {
    assertThat(ReferenceCover.whole(3)).isEqualTo(ReferenceCover.of(3, new int[] {0, 1, 2}));
  }

  @Test
  void setsAreCopied() {
    List<Integer> set = new ArrayList<>(List.of(0, 1));
    var cover = new ReferenceCover(2, List.of(set));
    set.clear();
    assertThat(cover).isEqualTo(ReferenceCover.whole(2));
  }

  @Test
  void theFirstCoordinateInNoSetIsNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.of(5, new int[][] {{0, 3}, {1}}))
        .withMessage(
            "coordinate 2 lies in no set: a cover needs every coordinate, 0 to 4, in at least one");
  }

  @Test
  void coordinatesOutsideTheParameterAreNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.of(2, new int[][] {{0, 1}, {2}}))
        .withMessage("set 1 holds 2: a parameter of 2 coordinates has 0 to 1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.of(2, new int[] {-1, 0, 1}))
        .withMessageStartingWith("set 0 holds -1");
  }

  @Test
  void impossibleSizesAreRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.of(-1))
        .withMessageStartingWith("size is -1");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.slices(2, -3))
        .withMessageStartingWith("shape is [2, -3]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ReferenceCover.slices(1 << 16, 1 << 16))
        .withMessageStartingWith("shape is [65536, 65536]");
    assertThatIllegalArgumentException()
        .isThrownBy(ReferenceCover::rows)
        .withMessageStartingWith("shape is []");
  }
}
