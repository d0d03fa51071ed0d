package dev.mincover.lab.train;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.language.LanguageTask;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.option.OptimizerOptions;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.lab.statistics.StatisticsRecorder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** A training that is saved and restored in another place goes on as if it had not been. */
class TrainingCheckpointTest {

  private static final long STEPS = 12;
  private static final byte[] TEXT =
      "She sells sea shells by the sea shore. ".repeat(20).getBytes(UTF_8);
  private static final Corpus CORPUS = new Corpus(TEXT, TEXT, "a rhyme");

  @TempDir private Path folder;

  private static TrainingPlan plan(WeightType weights, boolean tied, String options, long seed) {
    OptimizerSettings settings =
        CommandLine.populateCommand(new OptimizerOptions(), options.split(" "))
            .settings(weights, new LanguageTaskType());
    LanguageTask task = new LanguageTask(new GptConfig(1, 16, 2, 8, tied), weights, 3, CORPUS);
    return TrainingPlan.of(task, settings, STEPS, seed, 2);
  }

  /** A training with everything that a checkpoint takes in. */
  private static final class Training implements AutoCloseable {
    final List<Float> losses = new ArrayList<>();
    final Model model;
    final BoundOptimizer optimizer;
    final StatisticsRecorder recorder;
    final TrainingLoop loop;
    final TrainingCheckpoint checkpoint;

    Training(TrainingPlan plan) {
      model = plan.model();
      optimizer = plan.bind(model);
      recorder = new StatisticsRecorder(model.parameters(), 1);
      loop = plan.loop(model, optimizer);
      loop.observeGradients(recorder);
      checkpoint = new TrainingCheckpoint(plan, optimizer, recorder);
    }

    TrainingLoop.Outcome train(long last) {
      return loop.train(
          STEPS,
          5,
          () -> loop.position().steps() == last,
          report -> {
            losses.add(report.loss());
            losses.add(report.validationLoss());
            losses.add((float) report.learningRate());
          });
    }

    List<int[]> weights() {
      return model.parameters().values().stream().map(Training::bits).toList();
    }

    private static int[] bits(Tensor tensor) {
      float[] values = new float[(int) tensor.numel()];
      tensor
          .detach()
          .to(org.bytedeco.pytorch.global.torch.ScalarType.Float)
          .contiguous()
          .data_ptr_float()
          .get(values);
      int[] bits = new int[values.length];
      Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
      return bits;
    }

    List<float[][]> statistics() {
      List<float[][]> all = new ArrayList<>();
      for (ParameterStatistics parameter : recorder.statistics().parameters()) {
        all.add(new float[][] {parameter.adagrad()});
        all.add(parameter.sm3ii());
        all.add(parameter.sm3i());
      }
      return all;
    }

    @Override
    public void close() {
      loop.close();
      recorder.close();
      optimizer.close();
      model.close();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FLOAT32, true, --optimizer sm3",
    "FLOAT32, false, --optimizer sm3 --momentum-format int8 --beta2 0.99",
    "FLOAT32, true, --optimizer sm3 --algorithm sm3-i --clip 1 --average polyak:0.9",
    "FLOAT32, true, --optimizer sm3 --average tail:0.5 --schedule inverse-sqrt",
    "BFLOAT16, true, --optimizer sm3 --rounding stochastic --momentum-format bfloat16",
    "FLOAT16, false, --optimizer adagrad --guard skip",
    "FLOAT32, true, --optimizer adam --weight-decay 0.1",
    "FLOAT32, true, --optimizer adafactor",
    "FLOAT32, true, --optimizer torch-fused-adam",
    "FLOAT32, true, --optimizer torch-fused-adagrad",
    "FLOAT32, true, --optimizer torch-fused-sgd",
    "FLOAT32, true, --optimizer torch-fused-sgd --momentum 0"
  })
  void goesOnWithTheSameBits(WeightType weights, boolean tied, String options) throws IOException {
    TrainingPlan plan = plan(weights, tied, options, 7);
    Path file = folder.resolve("checkpoint.safetensors");
    for (long saved : new long[] {0, 5}) {
      try (Training whole = new Training(plan);
          Training resumed = new Training(plan)) {
        whole.train(saved);
        whole.checkpoint.save(file, whole.loop.position());
        int before = whole.losses.size();
        TrainingLoop.Outcome expected = whole.train(-1);

        TrainingPosition position = resumed.checkpoint.load(file);
        assertThat(position.steps()).isEqualTo(saved);
        resumed.loop.resume(position);
        assertThat(resumed.loop.position()).isEqualTo(position);
        TrainingLoop.Outcome outcome = resumed.train(-1);

        assertThat(outcome).isEqualTo(expected);
        assertThat(resumed.losses).isEqualTo(whole.losses.subList(before, whole.losses.size()));
        assertThat(resumed.weights()).usingRecursiveComparison().isEqualTo(whole.weights());
        assertThat(resumed.statistics()).usingRecursiveComparison().isEqualTo(whole.statistics());
        assertThat(resumed.recorder.steps()).isEqualTo(STEPS);
        assertThat(resumed.loop.skippedSteps()).isEqualTo(whole.loop.skippedSteps());
      }
    }
  }

  @Test
  void aCheckpointOfAnotherTrainingIsRefused() throws IOException {
    Path file = folder.resolve("checkpoint.safetensors");
    String options = "--optimizer sm3";
    try (Training one = new Training(plan(WeightType.FLOAT32, true, options, 7))) {
      one.checkpoint.save(file, one.loop.position());
    }
    try (Training seed = new Training(plan(WeightType.FLOAT32, true, options, 8))) {
      assertThatThrownBy(() -> seed.checkpoint.load(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'7' for training.seed");
    }
    String adam = "--optimizer torch-fused-adam";
    try (Training other = new Training(plan(WeightType.FLOAT32, true, adam, 7))) {
      assertThatThrownBy(() -> other.checkpoint.load(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is not one of libtorch's FusedAdam");
    }
    TrainingPlan plan = plan(WeightType.FLOAT32, true, options, 7);
    LanguageTask task = (LanguageTask) plan.task();
    Corpus text = new Corpus("Peter Piper".repeat(20).getBytes(UTF_8), TEXT, "another rhyme");
    TrainingPlan changed =
        TrainingPlan.of(
            new LanguageTask(task.config(), task.weights(), task.batch(), text),
            plan.settings(),
            STEPS,
            7,
            2);
    try (Training other = new Training(changed)) {
      assertThatThrownBy(() -> other.checkpoint.load(file))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the data have changed since the run began");
    }
  }
}
