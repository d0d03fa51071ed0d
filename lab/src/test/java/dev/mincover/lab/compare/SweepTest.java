package dev.mincover.lab.compare;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.JsonFields;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.run.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class SweepTest {

  private static final ComparedOptimizer ADAM =
      ComparedOptimizer.named(List.of("adam"), new LanguageTaskType()).getFirst();
  private static final Sweep SWEEP = new Sweep(7, List.of(0.25), 400, List.of(4L, 5L));

  private final List<Sweep.Trial> trials = new ArrayList<>();

  private Sweep.Winner search(Sweep.Training training) {
    return requireNonNull(SWEEP.search(ADAM, training, trials::add));
  }

  private static double distance(ComparedOptimizer tried, double best) {
    return Math.abs(Math.log(requireNonNull(tried.learningRate()) / best));
  }

  @Test
  void theBetterHalfGoesOnForTwiceAsManySteps() {
    assertThat(SWEEP.rounds())
        .containsExactly(new Sweep.Round(7, 100), new Sweep.Round(4, 200), new Sweep.Round(2, 400));
    assertThat(new Sweep(3, List.of(0.0), 40, List.of(1L)).rounds())
        .containsExactly(new Sweep.Round(3, 40));
    assertThat(new Sweep(4, List.of(0.0, 0.5), 4, List.of(1L)).rounds())
        .containsExactly(new Sweep.Round(8, 1), new Sweep.Round(4, 2), new Sweep.Round(2, 4));
    assertThat(new Sweep(64, List.of(0.0), 1, List.of(1L)).rounds())
        .allSatisfy(round -> assertThat(round.steps()).isEqualTo(1))
        .hasSize(6);
  }

  @Test
  void theRateWithTheLeastLossWins() {
    Sweep.Winner winner =
        search((tried, steps, _) -> OptionalDouble.of(distance(tried, 0.008) + 1.0 / steps));
    assertThat(winner.learningRate()).isEqualTo(0.008);
    assertThat(winner.validationLoss()).isEqualTo(1.0 / 400);
    assertThat(winner.atEdge()).isFalse();
    assertThat(trials).hasSize(SWEEP.trainings()).hasSize(2 * (7 + 4 + 2));
    assertThat(trials.stream().mapToLong(Sweep.Trial::steps).sum())
        .isEqualTo(SWEEP.stepsInAll())
        .isEqualTo(2 * (7 * 100 + 4 * 200 + 2 * 400));
    assertThat(trials.subList(0, 2))
        .containsExactly(
            new Sweep.Trial("adam", 0.00025, 0.25, 1, 100, 4, Math.log(32) + 0.01),
            new Sweep.Trial("adam", 0.00025, 0.25, 1, 100, 5, Math.log(32) + 0.01));
    assertThat(trials.subList(22, 26))
        .extracting(Sweep.Trial::learningRate)
        .containsExactlyInAnyOrder(0.008, 0.008, 0.004, 0.004);
  }

  @Test
  void eachRateIsTriedWithEachWarmup() {
    Sweep sweep = new Sweep(3, List.of(0.0, 0.25), 8, List.of(1L));
    Sweep.Training prefersLongWarmups =
        (tried, _, _) -> OptionalDouble.of(distance(tried, 0.004) - requireNonNull(tried.warmup()));
    Sweep.Winner winner = requireNonNull(sweep.search(ADAM, prefersLongWarmups, trials::add));
    assertThat(sweep.rounds()).containsExactly(new Sweep.Round(6, 4), new Sweep.Round(3, 8));
    assertThat(trials.subList(0, 6))
        .extracting(trial -> new Sweep.Choice(trial.learningRate(), trial.warmup()))
        .containsExactly(
            new Sweep.Choice(0.001, 0.0),
            new Sweep.Choice(0.001, 0.25),
            new Sweep.Choice(0.002, 0.0),
            new Sweep.Choice(0.002, 0.25),
            new Sweep.Choice(0.004, 0.0),
            new Sweep.Choice(0.004, 0.25));
    assertThat(winner.learningRate()).isEqualTo(0.004);
    assertThat(winner.warmup()).isEqualTo(0.25);
  }

  @Test
  void aRateThatSuitsOneSeedAloneLoses() {
    Sweep.Winner winner =
        search((tried, _, seed) ->
            OptionalDouble.of(
                requireNonNull(tried.learningRate()) == 0.001 ? (seed == 4 ? 0 : 9) : 4));
    assertThat(winner.learningRate()).isNotEqualTo(0.001);
    assertThat(winner.validationLoss()).isEqualTo(4);
  }

  @Test
  void whatDivergesIsTheWorst() {
    Sweep.Winner winner =
        search((tried, _, seed) -> {
          double rate = requireNonNull(tried.learningRate());
          return OptionalDouble.of(rate > 0.0003 && seed == 5 ? Double.NaN : 1e9);
        });
    assertThat(winner.learningRate()).isEqualTo(0.00025);
    assertThat(winner.atEdge()).isTrue();
    assertThat(trials).filteredOn(trial -> trial.validationLoss() == null).isNotEmpty();
  }

  @Test
  void ifAllDivergeThereIsNoLoss() {
    Sweep.Winner winner = search((_, _, _) -> OptionalDouble.of(Double.POSITIVE_INFINITY));
    assertThat(winner.validationLoss()).isNull();
  }

  @Test
  void aStopLeavesNoWinner() {
    Sweep.Training stopped =
        (_, _, _) -> trials.size() < 3 ? OptionalDouble.of(1) : OptionalDouble.empty();
    assertThat(SWEEP.search(ADAM, stopped, trials::add)).isNull();
    assertThat(trials).hasSize(3);
  }

  /** The names and their order are the file's format. */
  @Test
  void theFileIsFlat() {
    Sweep.Winner winner = search((_, _, _) -> OptionalDouble.of(1));
    SweepResult result =
        new SweepResult(
            true,
            SweepResult.Grid.of(SWEEP),
            new TrainingSetup("lm", 2, 4, new Summary.Model(1, 16, 2, 16, true, "float32"), "text"),
            List.of(winner),
            trials,
            "machine",
            "0.1");
    String json = JsonFile.text(result);
    assertThat(JsonFields.of(json, ""))
        .isEqualTo(
            "finished rates warmups seeds rounds task threads batch model corpus winners trials machine"
                + " mincoverVersion");
    assertThat(JsonFields.of(json, "/rounds/0")).isEqualTo("choices steps");
    assertThat(JsonFields.of(json, "/winners/0"))
        .isEqualTo("optimizer learningRate warmup validationLoss atEdge rates");
    assertThat(JsonFields.of(json, "/trials/0"))
        .isEqualTo("optimizer learningRate warmup round steps seed validationLoss");
  }
}
