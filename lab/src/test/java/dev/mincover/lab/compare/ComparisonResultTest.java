package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.compare.ComparisonResult.Row;
import dev.mincover.lab.compare.ComparisonResult.Run;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonResultTest {

  private static final ComparedOptimizer ADAM = ComparedOptimizer.named(List.of("adam")).getFirst();

  private static Run run(long seed, double bits, double seconds) {
    double loss = bits * Math.log(2);
    return new Run(
        seed, "d/adam-seed" + seed, true, null, 10, loss, bits, seconds, 1, 100, 1000 * seed);
  }

  private static Row row(Run... runs) {
    return Row.of(ADAM, ADAM.settings(WeightType.FLOAT32), List.of(runs), List.of());
  }

  private static ComparisonResult comparison(List<Long> seeds, Row... rows) {
    return new ComparisonResult(
        true,
        10,
        640,
        seeds,
        2,
        4,
        new Summary.Model(1, 16, 2, 16, true, "float32"),
        "text",
        3,
        List.of(rows),
        "machine",
        "0.1",
        "25");
  }

  @Test
  void meansAreOverSeedsAndTheDeviationIsOfASample() {
    Row row = row(run(1, 2, 10), run(2, 3, 30), run(3, 4, 40));
    assertThat(row.validationBitsPerByte()).isEqualTo(3);
    assertThat(row.validationLoss()).isEqualTo(3 * Math.log(2));
    assertThat(row.standardDeviation()).isEqualTo(1);
    assertThat(row.perplexity()).isCloseTo(8, within(1e-12));
    assertThat(row.peakMemoryBytes()).isEqualTo(3000);
    assertThat(row.tokensPerSecond()).isEqualTo(100);
    assertThat(row.optimizerShare()).isEqualTo(3.0 / 80);
    assertThat(row.isFinished(3)).isTrue();
  }

  @Test
  void oneSeedHasNoDeviation() {
    assertThat(row(run(1, 2, 10)).standardDeviation()).isNull();
    assertThat(row(run(1, 2, 10)).perplexity()).isCloseTo(4, within(1e-12));
  }

  @Test
  void whatFailedOrWasStoppedIsInNoMeanButTold() {
    Run failed = Run.failed(2, Path.of("d/adam-seed2"), "the loss is not finite after step 7");
    Run stopped = new Run(3, "d/adam-seed3", false, null, 5, 1.0, 2.0, 1, 1, 1, null);
    Row row = row(run(1, 2, 10), failed, stopped);
    assertThat(row.validationBitsPerByte()).isEqualTo(2);
    assertThat(row.isFinished(3)).isFalse();
    ComparisonResult comparison = comparison(List.of(1L, 2L, 3L), row);
    assertThat(ComparisonTable.of(comparison))
        .contains("adam: of 1 of 3 seeds", "adam, seed 2: the loss is not finite after step 7");
    assertThat(comparison.directories())
        .containsExactly(Path.of("d/adam-seed1"), Path.of("d/adam-seed3"));
  }

  @Test
  void theTableSaysWhatIsNotKnown() {
    Run failed = Run.failed(1, Path.of("d/adam"), "the loss is not finite after step 7");
    assertThat(ComparisonTable.of(comparison(List.of(1L), row(failed))).get(2))
        .matches("adam +failed( +-){7}");
    assertThat(ComparisonTable.of(comparison(List.of(1L), row())).get(2)).matches("adam( +-){8}");
  }
}
