package dev.mincover.lab.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.lab.common.UserError;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.OptimizerSettings;
import java.util.List;
import org.junit.jupiter.api.Test;

class ComparedOptimizerTest {

  private static List<String> names(String... patterns) {
    return ComparedOptimizer.named(List.of(patterns), new LanguageTaskType()).stream()
        .map(ComparedOptimizer::name)
        .toList();
  }

  @Test
  void namesMayBePatternsAndCountOnce() {
    assertThat(names("sgd", "adam", "sgd")).containsExactly("adam", "sgd");
    assertThat(names("sm3*")).containsExactly("sm3", "sm3-bf16", "sm3-int8", "sm3-none");
    assertThat(ComparedOptimizer.named(null, new LanguageTaskType()))
        .extracting(ComparedOptimizer::name)
        .containsExactly("sm3", "adam", "adagrad", "adafactor", "sgd");
    assertThatThrownBy(() -> names("sm3", "lion"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no optimizer is called 'lion'; there are sm3, sm3-bf16, ");
  }

  @Test
  void eachIsWhatTrainMakesOfItsArguments() {
    for (ComparedOptimizer optimizer : ComparedOptimizer.all(new LanguageTaskType())) {
      OptimizerSettings settings = optimizer.at(0.125, 0.25).settings(WeightType.FLOAT32);
      assertThat(settings.rate().learningRate()).isEqualTo(0.125);
      assertThat(settings.rate().warmup()).isEqualTo(0.25);
    }
    ComparedOptimizer int8 =
        ComparedOptimizer.named(List.of("sm3-int8"), new LanguageTaskType()).getFirst();
    assertThat(int8.settings(WeightType.FLOAT32).rule().momentumFormat()).isEqualTo("int8");
    assertThat(int8.at(0.5, 0.25).trainArguments())
        .containsExactly(
            "--optimizer",
            "sm3",
            "--momentum-format",
            "int8",
            "--learning-rate",
            "0.5",
            "--warmup",
            "0.25");
  }

  @Test
  void ratesToTryAreAFactorOfTwoApartAroundTheDefault() {
    for (ComparedOptimizer optimizer : ComparedOptimizer.all(new LanguageTaskType())) {
      List<Double> rates = optimizer.rates(7);
      assertThat(rates).hasSize(7);
      assertThat(rates.get(3))
          .isEqualTo(optimizer.settings(WeightType.FLOAT32).rate().learningRate());
      for (int i = 1; i < 7; i++) {
        assertThat(rates.get(i)).isEqualTo(2 * rates.get(i - 1));
      }
    }
  }
}
