package dev.mincover.lab.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.Sm3;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.torch.TorchOptimizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TrainerTest {

  private static final byte[] TEXT =
      "She sells sea shells by the sea shore. ".repeat(20).getBytes(StandardCharsets.UTF_8);

  @Test
  void tellsEveryStepAndEvaluatesAtTheEnd() {
    List<StepReport> reports = new ArrayList<>();
    Trainer.Outcome outcome = train(10, 4, Integer.MAX_VALUE, 0.05, reports);
    assertThat(reports)
        .extracting(StepReport::step)
        .containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    assertThat(reports)
        .filteredOn(report -> report.validationLoss() != null)
        .extracting(StepReport::step)
        .containsExactly(4L, 8L, 10L);
    assertThat(reports.getLast().tokens()).isEqualTo(10 * 3 * 8);
    assertThat(outcome.steps()).isEqualTo(10);
    assertThat(outcome.loss()).isEqualTo(reports.getLast().loss());
    assertThat(reports.getLast().validationLoss()).isEqualTo(outcome.validationLoss());
    assertThat(outcome.validationLoss()).isLessThan(reports.getFirst().loss());
  }

  @Test
  void stopsWhenAsked() {
    List<StepReport> reports = new ArrayList<>();
    Trainer.Outcome outcome = train(10, 100, 3, 0.05, reports);
    assertThat(outcome.steps()).isEqualTo(3);
    assertThat(reports).hasSize(3);
    assertThat(outcome.validationLoss()).isNaN();
  }

  @Test
  void stopsWhenTheLossIsNoNumber() {
    List<StepReport> reports = new ArrayList<>();
    Trainer.Outcome outcome = train(10, 100, Integer.MAX_VALUE, 1e30, reports);
    assertThat(outcome.loss()).isNaN();
    assertThat(outcome.steps()).isLessThan(10);
    assertThat(reports).hasSize((int) outcome.steps());
  }

  private static Trainer.Outcome train(
      long steps, long every, int stopAfter, double eta, List<StepReport> reports) {
    Sm3 recipe = Sm3.learningRate(eta);
    try (Gpt model = new Gpt(new GptConfig(1, 16, 2, 8), 1);
        TorchOptimizer optimizer = TorchOptimizer.bind(recipe, model.parameters(), 1);
        Trainer trainer =
            new Trainer(
                model,
                optimizer,
                recipe.learningRate(),
                new Batches(TEXT, 1),
                new Batch(3, 8),
                new Windows(TEXT, 8, 20),
                2)) {
      return trainer.train(steps, every, () -> reports.size() >= stopAfter, reports::add);
    }
  }
}
