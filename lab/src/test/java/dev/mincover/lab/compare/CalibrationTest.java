package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.language.LanguageTaskType;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CalibrationTest {

  private static final List<ComparedOptimizer> OPTIMIZERS =
      ComparedOptimizer.named(List.of("sm3", "adam"), new LanguageTaskType());

  /** Powers of 2, so that nothing is rounded. */
  private static final Calibration CALIBRATION =
      new Calibration(4, 0.5, Map.of("sm3", 0.25, "adam", 0.125));

  @Test
  void asManyStepsAsEndInNineTenthsOfTheTime() {
    long steps = CALIBRATION.steps(1000, OPTIMIZERS, 3, 10);
    // 900 s, less 6 times 4 s and 10 evaluations; a step of each with 3 seeds takes 1.125 s.
    assertThat(steps).isEqualTo((long) ((900 - 6 * 9) / 1.125));
    assertThat(CALIBRATION.seconds(steps, OPTIMIZERS, 3, 10)).isBetween(898.0, 900.0);
    assertThat(CALIBRATION.steps(50, OPTIMIZERS, 3, 10)).isNegative();
  }

  @Test
  void aSweepEndsInItsTimeToo() {
    Sweep sweep = new Sweep(7, List.of(0.05), 1, List.of(2L, 3L));
    long steps = CALIBRATION.sweepSteps(10_000, OPTIMIZERS, sweep);
    Sweep planned = new Sweep(7, sweep.warmups(), steps, sweep.seeds());
    double seconds = 0.375 * planned.stepsInAll() + 2 * planned.trainings() * 0.5;
    assertThat(seconds).isBetween(8950.0, 9000.0);
    assertThat(CALIBRATION.sweepSteps(10, OPTIMIZERS, sweep)).isNegative();
  }
}
