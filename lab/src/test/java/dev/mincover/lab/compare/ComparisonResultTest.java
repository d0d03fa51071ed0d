package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.common.JsonFields;
import dev.mincover.lab.common.JsonFile;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparisonResultTest {

  private static final ComparedOptimizer ADAM =
      ComparedOptimizer.named(List.of("adam"), new LanguageTaskType()).getFirst();

  private static ComparedRun run(long seed, double bits, double seconds) {
    return new ComparedRun(
        seed,
        "d/adam-seed" + seed,
        new ComparedRun.End(true, null, 10),
        new ComparedRun.Loss(bits * Math.log(2), bits, null),
        new ComparedRun.Time(seconds, 1, 100),
        1000 * seed);
  }

  private static ComparisonRow row(ComparedRun... runs) {
    return ComparisonRow.of(ADAM, ADAM.settings(WeightType.FLOAT32), List.of(runs), List.of());
  }

  private static ComparisonResult comparison(List<Long> seeds, ComparisonRow... rows) {
    return new ComparisonResult(
        true,
        new ComparisonResult.Length(10, 640, seeds),
        new TrainingSetup("lm", 2, 4, new Summary.Model(1, 16, 2, 16, true, "float32"), "text"),
        3,
        List.of(rows),
        new ComparisonResult.Platform("machine", "0.1", "25"));
  }

  @Test
  void meansAreOverSeedsAndTheDeviationIsOfASample() {
    ComparisonRow row = row(run(1, 2, 10), run(2, 3, 30), run(3, 4, 40));
    assertThat(row.quality().validationBits()).isEqualTo(3);
    assertThat(row.quality().validationLoss()).isEqualTo(3 * Math.log(2));
    assertThat(row.quality().standardDeviation()).isEqualTo(1);
    assertThat(row.quality().perplexity()).isCloseTo(8, within(1e-12));
    assertThat(row.memory().peakMemoryBytes()).isEqualTo(3000);
    assertThat(row.speed().tokensPerSecond()).isEqualTo(100);
    assertThat(row.speed().optimizerShare()).isEqualTo(3.0 / 80);
    assertThat(row.isFinished(3)).isTrue();
  }

  @Test
  void oneSeedHasNoDeviation() {
    assertThat(row(run(1, 2, 10)).quality().standardDeviation()).isNull();
    assertThat(row(run(1, 2, 10)).quality().perplexity()).isCloseTo(4, within(1e-12));
  }

  @Test
  void whatFailedOrWasStoppedIsInNoMeanButTold() {
    ComparedRun failed =
        ComparedRun.failed(2, Path.of("d/adam-seed2"), "the loss is not finite after step 7");
    ComparedRun stopped =
        new ComparedRun(
            3,
            "d/adam-seed3",
            new ComparedRun.End(false, null, 5),
            new ComparedRun.Loss(1.0, 2.0, null),
            new ComparedRun.Time(1, 1, 1),
            null);
    ComparisonRow row = row(run(1, 2, 10), failed, stopped);
    assertThat(row.quality().validationBits()).isEqualTo(2);
    assertThat(row.isFinished(3)).isFalse();
    ComparisonResult comparison = comparison(List.of(1L, 2L, 3L), row);
    assertThat(ComparisonTable.of(comparison))
        .contains("adam: of 1 of 3 seeds", "adam, seed 2: the loss is not finite after step 7");
    assertThat(comparison.directories())
        .containsExactly(Path.of("d/adam-seed1"), Path.of("d/adam-seed3"));
  }

  @Test
  void theTableSaysWhatIsNotKnown() {
    ComparedRun failed =
        ComparedRun.failed(1, Path.of("d/adam"), "the loss is not finite after step 7");
    assertThat(ComparisonTable.of(comparison(List.of(1L), row(failed))).get(2))
        .matches("adam +failed( +-){7}");
    assertThat(ComparisonTable.of(comparison(List.of(1L), row())).get(2)).matches("adam( +-){8}");
  }

  /** The names and their order are the file's format. */
  @Test
  void theFileIsFlat() {
    ComparedRun failed = ComparedRun.failed(2, Path.of("d/adam-seed2"), "no loss");
    String json = JsonFile.text(comparison(List.of(1L, 2L), row(run(1, 2, 10), failed)));
    assertThat(JsonFields.of(json, ""))
        .isEqualTo(
            "finished steps tokens seeds task threads batch model corpus baselineBits optimizers"
                + " machine mincoverVersion javaVersion");
    assertThat(JsonFields.of(json, "/model")).isEqualTo("layers width heads context tied weights");
    assertThat(JsonFields.of(json, "/optimizers/0"))
        .isEqualTo(
            "optimizer settings validationLoss validationBits standardDeviation perplexity score"
                + " optimizerStateBytes optimizerStateBytesPerWeight peakMemoryBytes"
                + " tokensPerSecond optimizerShare runs");
    assertThat(JsonFields.of(json, "/optimizers/0/settings"))
        .isEqualTo(
            "name learningRate schedule warmup warmupPower cooldown rateMultipliers algorithm cover"
                + " momentum momentumKind momentumFormat beta2 epsilon weightDecay noDecay clipNorm"
                + " clipValue maximise guard rounding average");
    String run =
        "seed directory finished failure steps validationLoss validationBits score seconds"
            + " optimizerSeconds tokensPerSecond peakMemoryBytes";
    assertThat(JsonFields.of(json, "/optimizers/0/runs/0")).isEqualTo(run);
    assertThat(JsonFields.of(json, "/optimizers/0/runs/1")).isEqualTo(run);
  }
}
