package dev.mincover.lab.statistics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.BoundCoreOptimizer;
import dev.mincover.lab.train.TrainingLoop;
import dev.mincover.recipe.Sm3;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StatisticsRecorderTest {

  private static final byte[] TEXT =
      "She sells sea shells by the sea shore. ".repeat(20).getBytes(StandardCharsets.UTF_8);

  private static final Sm3 RECIPE = Sm3.learningRate(0.05);

  /** The plain sums of squares of a training's gradients, in float32. */
  private static final class Sums implements GradientObserver {
    final Map<String, float[]> byName = new LinkedHashMap<>();
    private final Gpt model;

    Sums(Gpt model) {
      this.model = model;
    }

    @Override
    public void observe() {
      try (var _ = new PointerScope()) {
        model
            .parameters()
            .forEach((name, tensor) -> {
              float[] g = values(tensor.grad());
              float[] sum = byName.computeIfAbsent(name, _ -> new float[g.length]);
              for (int i = 0; i < g.length; i++) {
                sum[i] += g[i] * g[i];
              }
            });
      }
    }
  }

  private static float[] values(Tensor tensor) {
    Tensor dense = tensor.is_sparse() ? tensor.to_dense() : tensor;
    Tensor wide = dense.to(ScalarType.Float).contiguous();
    float[] values = new float[(int) wide.numel()];
    new FloatPointer(wide.data_ptr_float()).get(values);
    return values;
  }

  /** What came of a training. */
  private record Training(
      List<Float> losses, Map<String, float[]> weights, GradientStatistics statistics, Sums sums) {}

  private static Training train(boolean tied, WeightType type, boolean recorded) {
    return train(RECIPE, tied, type, recorded);
  }

  private static Training train(Sm3 recipe, boolean tied, WeightType type, boolean recorded) {
    try (Gpt model = new Gpt(new GptConfig(2, 16, 2, 8, tied), 1, type, true);
        BoundCoreOptimizer optimizer = new BoundCoreOptimizer(recipe, model.parameters(), 2);
        StatisticsRecorder recorder =
            new StatisticsRecorder(recorded ? model.parameters() : Map.of(), 2);
        TrainingLoop loop =
            new TrainingLoop(
                model,
                optimizer,
                new Batches(TEXT, 1),
                new Batch(3, 8),
                new Windows(TEXT, 8, 20),
                2)) {
      Sums sums = new Sums(model);
      loop.observeGradients(() -> {
        sums.observe();
        recorder.observe();
      });
      List<Float> losses = new ArrayList<>();
      loop.train(12, 100, () -> false, report -> losses.add(report.loss()));
      Map<String, float[]> weights = new LinkedHashMap<>();
      model.parameters().forEach((name, tensor) -> weights.put(name, values(tensor.detach())));
      return new Training(losses, weights, recorder.statistics(optimizer.core()), sums);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, FLOAT32", "false, FLOAT32", "true, BFLOAT16", "false, FLOAT16"})
  void recordingChangesNothing(boolean tied, WeightType type) {
    Training with = train(tied, type, true);
    Training without = train(tied, type, false);
    assertThat(with.losses()).hasSize(12).isEqualTo(without.losses());
    with.weights()
        .forEach(
            (name, weights) -> assertThat(weights).as(name).isEqualTo(without.weights().get(name)));
    assertThat(without.statistics().parameters()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"true, FLOAT32", "false, FLOAT32", "true, BFLOAT16"})
  void adaGradsSumsAreThoseOfTheGradients(boolean tied, WeightType type) {
    Training training = train(tied, type, true);
    assertThat(training.statistics().steps()).isEqualTo(12);
    assertThat(training.statistics().parameters())
        .extracting(ParameterStatistics::name)
        .containsExactlyElementsOf(training.sums().byName.keySet());
    for (ParameterStatistics parameter : training.statistics().parameters()) {
      assertThat(parameter.adagrad())
          .as(parameter.name())
          .isEqualTo(training.sums().byName.get(parameter.name()));
    }
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void theStatisticsBoundEachOther(boolean tied) {
    GradientStatistics statistics = train(tied, WeightType.FLOAT32, true).statistics();
    boolean apart = false;
    for (ParameterStatistics parameter : statistics.parameters()) {
      float[] two = parameter.nuSm3II();
      float[] one = parameter.nuSm3I();
      for (int i = 0; i < two.length; i++) {
        assertThat(two[i]).as(parameter.name()).isGreaterThanOrEqualTo(parameter.adagrad()[i]);
        assertThat(one[i]).as(parameter.name()).isGreaterThanOrEqualTo(two[i]);
        apart |= one[i] > two[i] && two[i] > parameter.adagrad()[i];
      }
      if (parameter.shape().rank() < 2) {
        assertThat(two).as(parameter.name()).isEqualTo(parameter.adagrad());
        assertThat(parameter.tightnessSm3II()).isEqualTo(1);
      } else {
        assertThat(parameter.tightnessSm3II()).isGreaterThan(1);
        assertThat(parameter.tightnessSm3I()).isGreaterThanOrEqualTo(parameter.tightnessSm3II());
      }
    }
    assertThat(apart).isTrue();
  }

  /** The run's own SM3-II, without clipping, keeps what the recorder's does. */
  @Test
  void theOptimizersAccumulatorsAreRecordedToo() {
    for (ParameterStatistics parameter :
        train(true, WeightType.FLOAT32, true).statistics().parameters()) {
      assertThat(parameter.optimizer()).isDeepEqualTo(parameter.sm3ii());
    }
  }

  /** The weights have left the range of numbers, and gradients mean nothing. */
  @Test
  void aStepWhoseLossIsNotFiniteIsLeftOut() {
    Training training = train(Sm3.learningRate(1e30), true, WeightType.FLOAT32, true);
    assertThat(training.losses().getLast()).isNaN();
    assertThat(training.statistics().steps()).isEqualTo(training.losses().size() - 1);
  }

  @Test
  void gradientsThatAreNotFiniteAreLeftOut() {
    try (var _ = new PointerScope();
        Tensor w = Tensor.create(new float[4], 2, 2).set_requires_grad(true);
        Tensor v = Tensor.create(new float[1], 1).set_requires_grad(true);
        Tensor frozen = Tensor.create(new float[1], 1);
        StatisticsRecorder recorder =
            new StatisticsRecorder(Map.of("w", w, "v", v, "frozen", frozen), 1)) {
      w.mutable_grad().put(Tensor.create(new float[] {1, 2, 3, 4}, 2, 2));
      recorder.observe();
      v.mutable_grad().put(Tensor.create(new float[] {Float.NaN}, 1));
      recorder.observe();
      v.mutable_grad().put(Tensor.create(new float[] {5}, 1));
      recorder.observe();
      GradientStatistics statistics = recorder.statistics();
      assertThat(statistics.steps()).isEqualTo(2);
      assertThat(statistics.parameters()).hasSize(2);
      assertThat(statistics.parameter("v").adagrad()).containsExactly(25);
      ParameterStatistics of = statistics.parameter("w");
      assertThat(of.adagrad()).containsExactly(2, 8, 18, 32);
      assertThat(of.sm3i()).isDeepEqualTo(new float[][] {{8, 32}, {18, 32}});
      assertThat(of.optimizer()).isEmpty();
      assertThat(values(w.detach())).containsExactly(0, 0, 0, 0);
    }
  }
}
