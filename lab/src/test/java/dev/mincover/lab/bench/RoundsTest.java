package dev.mincover.lab.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.Seed;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundsTest {

  @Test
  void medians() {
    assertThat(Rounds.median(new double[] {3})).isEqualTo(3);
    assertThat(Rounds.median(new double[] {9, 1, 2})).isEqualTo(2);
    assertThat(Rounds.median(new double[] {4, 9, 1, 2})).isEqualTo(3);
    assertThat(Rounds.median(new double[] {Double.NaN, 4, 2, Double.NaN})).isEqualTo(3);
  }

  @Test
  void everyStepperTakesItsTurnsInEveryRound() {
    List<Counting> steppers = List.of(new Counting(), new Counting(), new Counting());
    List<Double> shares = new ArrayList<>();
    Rounds rounds = new Rounds(List.copyOf(steppers), Seed.generator(1));
    rounds.run(1, shares::add);
    // Without time there are the fewest rounds, of one step a sample.
    assertThat(rounds.rounds()).isEqualTo(11);
    assertThat(shares).hasSize(11).isSorted().allMatch(share -> share >= 0 && share <= 1);
    assertThat(steppers).extracting(stepper -> stepper.steps).containsOnly(1 + 1 + 11);
    assertThat(rounds.timings()).hasSize(3).allMatch(timing -> timing.nanos() > 0);
    assertThat(rounds.timings().getFirst().ratio()).isEqualTo(1);
  }

  @Test
  void whoIsSlowSitsOutEveryOtherRoundUnlessItIsTheUnit() {
    List<Counting> steppers = List.of(new Counting(), new Counting());
    Rounds rounds = new Rounds(List.copyOf(steppers), Seed.generator(1), 1_000_000);
    rounds.run(1, _ -> {});
    assertThat(steppers)
        .extracting(stepper -> stepper.steps)
        .containsExactly(1 + 1 + 11, 1 + 1 + 6);
    assertThat(rounds.timings()).allMatch(timing -> timing.nanos() > 0 && timing.ratio() > 0);
  }

  /** Takes long enough to be warm after one step. */
  private static final class Counting implements Stepper {
    private int steps;

    @Override
    public void step() {
      steps++;
      long start = System.nanoTime();
      while (System.nanoTime() - start < 31_000_000) {
        Thread.onSpinWait();
      }
    }

    @Override
    public long stateBytes() {
      return 0;
    }

    @Override
    public void close() {}
  }
}
