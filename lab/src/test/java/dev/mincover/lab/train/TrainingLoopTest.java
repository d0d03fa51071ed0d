package dev.mincover.lab.train;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.average.Average;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.optimizer.BoundCoreOptimizer;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Sm3;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

class TrainingLoopTest {

  private static final byte[] TEXT =
      "She sells sea shells by the sea shore. ".repeat(20).getBytes(StandardCharsets.UTF_8);

  @Test
  void tellsEveryStepAndEvaluatesAtTheEnd() {
    List<StepReport> reports = new ArrayList<>();
    TrainingLoop.Outcome outcome = train(10, 4, Integer.MAX_VALUE, 0.05, reports);
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
    TrainingLoop.Outcome outcome = train(10, 100, 3, 0.05, reports);
    assertThat(outcome.steps()).isEqualTo(3);
    assertThat(reports).hasSize(3);
    assertThat(outcome.validationLoss()).isNaN();
  }

  @Test
  void stopsWhenTheLossIsNoNumber() {
    List<StepReport> reports = new ArrayList<>();
    TrainingLoop.Outcome outcome = train(10, 100, Integer.MAX_VALUE, 1e30, reports);
    assertThat(outcome.loss()).isNaN();
    assertThat(outcome.steps()).isLessThan(10);
    assertThat(reports).hasSize((int) outcome.steps());
  }

  /** Its loss is finite and its gradients are not, at one step of the training. */
  private record Spoiled(Gpt model, BooleanSupplier now) implements Model {
    @Override
    public Map<String, Tensor> parameters() {
      return model.parameters();
    }

    @Override
    public Tensor loss(Tensor inputs, Tensor targets) {
      Tensor loss = model.loss(inputs, targets);
      Tensor zero = requireNonNull(parameters().get("ln_f.bias")).sum().mul(new Scalar(0.0));
      return now.getAsBoolean() ? loss.add(zero.sqrt()) : loss;
    }

    @Override
    public Model replica() {
      return new Spoiled(model.replica(), now);
    }

    @Override
    public void close() {
      model.close();
    }
  }

  @Test
  void aSkippedStepDoesNotAdvanceTheSchedule() {
    List<StepReport> reports = new ArrayList<>();
    try (Spoil spoil = new Spoil(Guard.SKIP)) {
      TrainingLoop.Outcome outcome = spoil.loop.train(5, 100, spoil::next, reports::add);
      assertThat(outcome.steps()).isEqualTo(5);
      assertThat(outcome.refusal()).isNull();
      assertThat(spoil.loop.skippedSteps()).isEqualTo(1);
      assertThat(spoil.optimizer.core().steps()).isEqualTo(4);
    }
    assertThat(reports)
        .extracting(StepReport::learningRate)
        .containsExactly(0.001, 0.002, 0.003, 0.003, 0.004);
    assertThat(reports).allSatisfy(report -> assertThat(report.loss()).isFinite());
  }

  @Test
  void aRefusedGradientEndsTheTraining() {
    List<StepReport> reports = new ArrayList<>();
    try (Spoil spoil = new Spoil(Guard.REFUSE)) {
      TrainingLoop.Outcome outcome = spoil.loop.train(5, 100, spoil::next, reports::add);
      assertThat(outcome.steps()).isEqualTo(2);
      assertThat(outcome.loss()).isFinite();
      assertThat(outcome.refusal()).hasMessageContaining("ln_f.bias");
      assertThat(spoil.loop.validationLoss()).isFinite();
    }
    assertThat(reports).hasSize(2);
  }

  /** A training whose third step has gradients that are not finite. */
  private static final class Spoil implements AutoCloseable {
    private final Spoiled model =
        new Spoiled(new Gpt(new GptConfig(1, 16, 2, 8), 1), () -> this.step == 3);
    private final BoundCoreOptimizer optimizer;
    private final TrainingLoop loop;
    private int step;

    Spoil(Guard guard) {
      Sm3 recipe = Sm3.learningRate(step -> step * 0.001).guard(guard);
      optimizer = new BoundCoreOptimizer(recipe, model.parameters(), 1);
      loop = loop(model, optimizer);
    }

    /** Asked before every step, and never in favour of a stop. */
    boolean next() {
      step++;
      return false;
    }

    @Override
    public void close() {
      loop.close();
      optimizer.close();
      model.close();
    }
  }

  @Test
  void validatesTheAverageAndTrainsOnWithoutIt() {
    List<StepReport> plain = new ArrayList<>();
    List<StepReport> averaged = new ArrayList<>();
    train(8, 2, Integer.MAX_VALUE, 0.05, plain);
    Sm3 recipe = Sm3.learningRate(0.05).average(Average.polyak(0.9));
    try (Gpt model = new Gpt(new GptConfig(1, 16, 2, 8), 1);
        BoundCoreOptimizer optimizer = new BoundCoreOptimizer(recipe, model.parameters(), 1);
        TrainingLoop loop = loop(model, optimizer)) {
      loop.train(8, 2, () -> false, averaged::add);
    }
    assertThat(averaged)
        .extracting(StepReport::loss)
        .isEqualTo(plain.stream().map(StepReport::loss).toList());
    assertThat(averaged.getLast().validationLoss()).isNotEqualTo(plain.getLast().validationLoss());
  }

  private static TrainingLoop loop(Model model, BoundCoreOptimizer optimizer) {
    return new TrainingLoop(
        model, optimizer, new Batches(TEXT, 1), new Batch(3, 8), new Windows(TEXT, 8, 20), 2);
  }

  private static TrainingLoop.Outcome train(
      long steps, long every, int stopAfter, double eta, List<StepReport> reports) {
    Sm3 recipe = Sm3.learningRate(eta);
    try (Gpt model = new Gpt(new GptConfig(1, 16, 2, 8), 1);
        BoundCoreOptimizer optimizer = new BoundCoreOptimizer(recipe, model.parameters(), 1);
        TrainingLoop loop = loop(model, optimizer)) {
      return loop.train(steps, every, () -> reports.size() >= stopAfter, reports::add);
    }
  }
}
