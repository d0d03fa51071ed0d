package dev.mincover.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScheduleTest {

  @Test
  void constantIsTheSameAtEveryStep() {
    assertThat(Schedule.constant(0.3).over(3)).containsExactly(0.3, 0.3, 0.3);
  }

  @Test
  void warmupRampsUpToTheWholeRate() {
    assertThat(Schedule.constant(8).warmup(4, 2).over(6))
        .containsExactly(0.5, 2.0, 4.5, 8.0, 8.0, 8.0);
    assertThat(Schedule.constant(8).warmup(4, 1).over(5)).containsExactly(2.0, 4.0, 6.0, 8.0, 8.0);
    assertThat(Schedule.constant(8).warmup(0, 2).over(2)).containsExactly(8.0, 8.0);
  }

  @Test
  void cooldownSinksTowardsZeroAtTheEnd() {
    assertThat(Schedule.constant(4).cooldown(10, 0.3).over(12))
        .containsExactly(4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0);
    assertThat(Schedule.constant(4).cooldown(3, 0).at(100)).isEqualTo(4);
    assertThat(Schedule.constant(4).cooldown(3, 1).over(3)).containsExactly(3.0, 2.0, 1.0);
  }

  @Test
  void inverseSquareRootDecaysAfterItsStart() {
    Schedule schedule = Schedule.constant(6).inverseSqrt(1);
    assertThat(schedule.at(1)).isEqualTo(6);
    assertThat(schedule.at(2)).isEqualTo(6 * Math.sqrt(0.5));
    assertThat(schedule.at(4)).isEqualTo(3);
    assertThat(schedule.at(9)).isCloseTo(2, within(1e-15));
    assertThat(Schedule.constant(8).inverseSqrt(4).over(5))
        .containsExactly(8.0, 8.0, 8.0, 8.0, 8 * Math.sqrt(0.8));
    assertThat(Schedule.constant(8).inverseSqrt(4).at(64)).isEqualTo(2);
    assertThat(Schedule.constant(8).warmup(4, 1).inverseSqrt(4).over(4))
        .containsExactly(2.0, 4.0, 6.0, 8.0);
  }

  @Test
  void piecewiseIsTheLastPieceThatHasStarted() {
    Schedule schedule =
        Schedule.piecewise(
            Map.of(6L, Schedule.constant(0.5), 1L, Schedule.constant(2), 4L, step -> step));
    assertThat(schedule.over(8)).containsExactly(2.0, 2.0, 2.0, 4.0, 5.0, 0.5, 0.5, 0.5);
    assertThat(schedule.warmup(2, 1).at(1)).isEqualTo(1);
  }

  @Test
  void piecewiseKeepsACopyOfItsPieces() {
    Map<Long, Schedule> pieces = new HashMap<>(Map.of(1L, Schedule.constant(2)));
    Schedule schedule = Schedule.piecewise(pieces);
    pieces.put(3L, Schedule.constant(1));
    assertThat(schedule.at(3)).isEqualTo(2);
    assertThatThrownBy(() -> ((Schedule.Piecewise) schedule).pieces().clear())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void schedulesCompose() {
    Schedule schedule = Schedule.constant(1).warmup(2, 2).cooldown(10, 0.1);
    assertThat(schedule.at(1)).isEqualTo(0.25);
    assertThat(schedule.at(5)).isEqualTo(1);
    assertThat(schedule.at(10)).isCloseTo(0.5, within(1e-15));
    Schedule custom = step -> 1.0 / step;
    assertThat(custom.warmup(4, 1).over(4)).containsExactly(0.25, 0.25, 0.25, 0.25);
  }

  /** Steps and lengths are longs: no sum or difference of them may overflow. */
  @Test
  void noScheduleOverflowsAtAnyStepOrLength() {
    Schedule one = Schedule.constant(1);
    long most = Long.MAX_VALUE;
    assertThat(one.cooldown(most, 1).at(1)).isEqualTo(1);
    assertThat(one.cooldown(most, 1).at(1L << 62)).isCloseTo(0.5, within(1e-12));
    assertThat(one.cooldown(most, 1).at(most)).isGreaterThan(0).isLessThan(1e-18);
    assertThat(one.cooldown(1, 1).at(most)).isZero();
    for (long steps : new long[] {1, 2, 1L << 31, 1L << 62, most - 1, most}) {
      for (long at : new long[] {1, 2, 1L << 31, 1L << 62, most - 1, most}) {
        for (double fraction : new double[] {0, 0.1, 0.5, 1}) {
          assertThat(one.cooldown(steps, fraction).at(at))
              .as("step %d of %d, cool-down over %s", at, steps, fraction)
              .isBetween(0.0, 1.0);
        }
        assertThat(one.warmup(steps, 2).at(at)).isBetween(0.0, 1.0);
        assertThat(one.inverseSqrt(steps).at(at)).isBetween(0.0, 1.0);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {-0.1, Double.NaN, Double.POSITIVE_INFINITY})
  void badRatesAreRefusedByValue(double eta) {
    assertThatThrownBy(() -> Schedule.constant(eta))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("learning rate is " + eta);
  }

  @Test
  void badRampsAreRefused() {
    Schedule one = Schedule.constant(1);
    assertThatThrownBy(() -> one.warmup(-1, 2)).hasMessageContaining("warm-up takes -1 steps");
    assertThatThrownBy(() -> one.warmup(1, 0)).hasMessageContaining("warm-up power is 0.0");
    assertThatThrownBy(() -> one.cooldown(0, 0.1)).hasMessageContaining("0 steps");
    assertThatThrownBy(() -> one.cooldown(10, 1.1)).hasMessageContaining("fraction is 1.1");
    assertThatThrownBy(() -> one.inverseSqrt(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("after 0 steps");
    for (Map<Long, Schedule> pieces :
        List.<Map<Long, Schedule>>of(Map.of(), Map.of(2L, one), Map.of(0L, one, 1L, one))) {
      assertThatThrownBy(() -> Schedule.piecewise(pieces))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("must start at step 1");
    }
  }
}
