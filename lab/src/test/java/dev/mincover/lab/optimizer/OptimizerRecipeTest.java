package dev.mincover.lab.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.option.OptimizerOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class OptimizerRecipeTest {

  private static final long STEPS = 40;

  private static OptimizerSettings settings(String arguments, WeightType weights) {
    OptimizerOptions options =
        CommandLine.populateCommand(new OptimizerOptions(), arguments.split(" "));
    return options.settings(weights, new LanguageTaskType());
  }

  private static OptimizerRecipe recipe(String arguments) {
    return OptimizerRecipe.of(settings(arguments, WeightType.FLOAT32), STEPS, 1);
  }

  /** Gradients of 1 throughout; the learning rates that steps were announced with. */
  private static List<Double> rates(BoundOptimizer optimizer, Tensor weight) {
    List<Double> rates = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      weight.mutable_grad().put(torch.ones(1));
      rates.add(optimizer.learningRate());
      optimizer.step();
      optimizer.zeroGradients();
      assertThat(weight.grad().defined()).isFalse();
    }
    return rates;
  }

  @Test
  void libtorchStepsAtTheRatesThatCoreStepsAt() {
    String rate = "--learning-rate 0.25 --warmup 0.1 --cooldown 0.5 --schedule piecewise:0.5@0.5";
    try (var _ = new PointerScope()) {
      Tensor ours = torch.zeros(1).set_requires_grad(true);
      Tensor theirs = torch.zeros(1).set_requires_grad(true);
      try (BoundOptimizer core = recipe(rate).bind(Map.of("w", ours), 1);
          BoundOptimizer sgd =
              recipe("--optimizer torch-fused-sgd --momentum 0 " + rate)
                  .bind(Map.of("w", theirs), 1)) {
        List<Double> rates = rates(sgd, theirs);
        assertThat(rates).isEqualTo(rates(core, ours)).contains(0.25, 0.0625 / 4);
        double sum = rates.stream().mapToDouble(Double::doubleValue).sum();
        float end = new FloatPointer(theirs.data_ptr_float()).get();
        assertThat((double) end).isCloseTo(-sum, within(1e-5));
        assertThat(sgd.skippedSteps()).isZero();
      }
    }
  }

  /** A step of libtorch may use several threads, and what comes after it one again. */
  @Test
  void threadsOfLibtorchAreAsBeforeAfterAStep() {
    int before = torch.get_num_threads();
    try (var _ = new PointerScope()) {
      torch.set_num_threads(1);
      Tensor weight = torch.zeros(1).set_requires_grad(true);
      weight.mutable_grad().put(torch.ones(1));
      try (BoundOptimizer adam =
          recipe("--optimizer torch-fused-adam").bind(Map.of("w", weight), 2)) {
        adam.step();
      }
      assertThat(torch.get_num_threads()).isEqualTo(1);
    } finally {
      torch.set_num_threads(before);
    }
  }

  @Test
  void stateIsWhatTheKernelsKeep() {
    try (var _ = new PointerScope()) {
      Map<String, Tensor> weights = Map.of("w", torch.zeros(3, 5).set_requires_grad(true));
      assertThat(stateBytes("--optimizer torch-fused-adam", weights)).isEqualTo(2 * 60 + 4);
      assertThat(stateBytes("--optimizer torch-fused-adagrad", weights)).isEqualTo(60 + 4);
      assertThat(stateBytes("--optimizer torch-fused-sgd", weights)).isEqualTo(60);
      assertThat(stateBytes("--optimizer torch-fused-sgd --momentum 0", weights)).isZero();
    }
  }

  private static long stateBytes(String arguments, Map<String, Tensor> weights) {
    try (BoundOptimizer optimizer = recipe(arguments).bind(weights, 1)) {
      return optimizer.stateBytes();
    }
  }

  @Test
  void onlyWhatCoreCanStepSparselyIsGivenSparseGradients() {
    assertThat(recipe("--optimizer sm3").takesSparse()).isTrue();
    assertThat(recipe("--optimizer adagrad").takesSparse()).isTrue();
    assertThat(recipe("--optimizer adam").takesSparse()).isFalse();
    assertThat(recipe("--optimizer torch-fused-adagrad").takesSparse()).isFalse();
  }

  @Test
  void theSettingsChooseTheRuleOfLibtorch() {
    OptimizerSettings sgd = settings("--optimizer torch-fused-sgd", WeightType.FLOAT32);
    assertThat(sgd.rule().momentumKind()).isEqualTo("heavy-ball");
    assertThat(sgd.gradients().guard()).isEqualTo("unchecked");
    assertThat(OptimizerDescription.of(sgd))
        .isEqualTo("libtorch's fused SGD, momentum 0.9 (heavy-ball)");
    OptimizerSettings adagrad = settings("--optimizer torch-fused-adagrad", WeightType.FLOAT32);
    assertThat(OptimizerDescription.of(adagrad)).isEqualTo("libtorch's fused AdaGrad, no momentum");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--optimizer torch-fused-sgd --momentum 1 | --momentum is 1.0; it must be at least 0 and",
        "--optimizer torch-fused-sgd --beta2 0.9 | --beta2 is for --optimizer sm3, adam or",
        "--optimizer torch-fused-sgd --momentum-kind nesterov | --momentum-kind is for --optimizer",
        "--optimizer torch-fused-adam --beta2 1 | --beta2 is 1.0; it must be at least 0 and below",
        "--optimizer torch-fused-adagrad --epsilon 0 | --epsilon is 0.0; it must be above 0 with",
        "--optimizer torch-fused-adagrad --momentum 0.5 | --momentum 0.5 is not for --optimizer",
        "--optimizer torch-fused-adam --weight-decay 0.1 | --weight-decay 0.1 is not for",
        "--optimizer torch-fused-adam --clip 1 | --clip 1.0 is not for --optimizer torch-fused-adam",
        "--optimizer torch-fused-adam --clip-value 1 | --clip-value 1.0 is not for --optimizer",
        "--optimizer torch-fused-adam --maximise | --maximise is not for --optimizer torch-fused",
        "--optimizer torch-fused-adam --guard skip | --guard skip is not for --optimizer torch-fused",
        "--optimizer torch-fused-adam --average tail:0.1 | --average tail:0.1 is not for --optimizer",
        "--optimizer torch-fused-adam --rate-multiplier a=2 | --rate-multiplier a=2 is not for",
        "--optimizer torch-fused-sgd --learning-rate -1 | --learning-rate: learning rate is -1.0"
      })
  void whatLibtorchCannotDoIsRefused(String arguments, String message) {
    assertThatThrownBy(() -> recipe(arguments))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }

  @Test
  void libtorchStepsFloat32Alone() {
    assertThatThrownBy(() -> settings("--optimizer torch-fused-adam", WeightType.BFLOAT16))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(
            "--weights bfloat16 is not for --optimizer torch-fused-adam; leave");
  }
}
