package dev.mincover.lab.option;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.lab.common.UserError;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.optimizer.CoreRecipes;
import dev.mincover.lab.optimizer.NamePatterns;
import dev.mincover.lab.optimizer.OptimizerDescription;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.ByName;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Options;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

class OptimizerOptionsTest {

  private static final long STEPS = 100;
  private static final long SEED = 7;

  @Command
  private static final class Training {
    @Mixin private OptimizerOptions options = new OptimizerOptions();
  }

  private static OptimizerSettings settings(String arguments, WeightType weights) {
    Training training = new Training();
    CommandLine commandLine = new CommandLine(training).setOverwrittenOptionsAllowed(true);
    commandLine.parseArgs(arguments.isEmpty() ? new String[0] : arguments.split(" "));
    return training.options.settings(weights, new LanguageTaskType());
  }

  private static Recipe recipe(String arguments) {
    return CoreRecipes.of(settings(arguments, WeightType.BFLOAT16), STEPS, SEED);
  }

  private static Sm3 sm3(String arguments) {
    return (Sm3) recipe(arguments);
  }

  private static Options options(String arguments) {
    return recipe(arguments).options();
  }

  /** Of the default shape, with a warm-up over so many of the steps. */
  private static Schedule schedule(double eta, long warmup) {
    return Schedule.constant(eta).warmup(warmup, 2).cooldown(STEPS, 0.1);
  }

  @Test
  void withoutOptionsItIsTheSm3OfTheLab() {
    Sm3 expected = Sm3.learningRate(schedule(0.08, 30)).momentum(Momentum.average(0.9));
    assertThat(recipe("")).isEqualTo(expected);
    assertThat(recipe("--optimizer sm3")).isEqualTo(expected);
  }

  @Test
  void anOptionGivenAgainReplacesItselfAlone() {
    assertThat(recipe("--learning-rate 1 --schedule inverse-sqrt --warmup 0.1 --learning-rate 2"))
        .isEqualTo(recipe("--learning-rate 2 --schedule inverse-sqrt --warmup 0.1"));
    assertThat(recipe("--momentum 0.1 --epsilon 1e-9 --momentum 0.2"))
        .isEqualTo(recipe("--momentum 0.2 --epsilon 1e-9"));
  }

  @Test
  void theOthersHaveDefaultsOfTheirOwn() {
    assertThat(recipe("--optimizer adagrad"))
        .isEqualTo(Sm3.learningRate(schedule(0.04, 30)).cover(Cover.singletons()));
    assertThat(recipe("--optimizer adam")).isEqualTo(Adam.learningRate(schedule(0.002, 5)));
    Adafactor adafactor = (Adafactor) recipe("--optimizer adafactor --warmup 0 --cooldown 0");
    assertThat(adafactor.relative()).isTrue();
    assertThat(adafactor.momentum().isNone()).isTrue();
    assertThat(adafactor.learningRate().over(STEPS).toArray())
        .isEqualTo(Adafactor.relativeStep().learningRate().over(STEPS).toArray());
  }

  @Test
  void aLearningRateMakesAdafactorsStepsAbsolute() {
    assertThat(recipe("--optimizer adafactor --learning-rate 0.01"))
        .isEqualTo(Adafactor.learningRate(schedule(0.01, 5)));
  }

  @Test
  void theRuleOfSm3CanBeChosen() {
    assertThat(sm3("--algorithm sm3-i").algorithm()).isEqualTo(Sm3.Algorithm.SM3_I);
    assertThat(sm3("--beta2 0.95").secondMoment()).isEqualTo(SecondMoment.average(0.95));
    assertThat(sm3("--epsilon 1e-30").epsilon()).isEqualTo(1e-30);
    assertThat(sm3("--momentum 0").momentum()).isEqualTo(Momentum.none());
    assertThat(sm3("--momentum 0.8 --momentum-kind heavy-ball").momentum())
        .isEqualTo(Momentum.heavyBall(0.8));
    assertThat(sm3("--momentum-kind nesterov --momentum-format int8").momentum())
        .isEqualTo(Momentum.nesterov(0.9).stored(Momentum.Format.INT8));
    assertThat(sm3("--momentum-format bf16").momentum())
        .isEqualTo(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16));
    assertThat(sm3("--momentum-format f32").momentum()).isEqualTo(Momentum.average(0.9));
  }

  @Test
  void theOthersTakeWhatAppliesToThem() {
    assertThat(recipe("--optimizer adam --momentum 0.8 --beta2 0.99 --epsilon 1e-6"))
        .isEqualTo(Adam.learningRate(schedule(0.002, 5)).betas(0.8, 0.99).epsilon(1e-6));
    assertThat(recipe("--optimizer adam --momentum 0"))
        .isEqualTo(Adam.learningRate(schedule(0.002, 5)).betas(0, 0.999));
    assertThat(sm3("--optimizer adagrad --momentum 0.5 --momentum-format int8").momentum())
        .isEqualTo(Momentum.average(0.5).stored(Momentum.Format.INT8));
    assertThat(recipe("--optimizer adafactor --learning-rate 1 --momentum 0.5"))
        .isEqualTo(Adafactor.learningRate(schedule(1, 5)).momentum(Momentum.average(0.5)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "slices     | Slices[]",
        "singletons | Singletons[]",
        "whole      | Whole[]",
        "rows       | Axes[axes=[0]]",
        "columns    | Axes[axes=[1]]",
        "axes:1,0   | Axes[axes=[1, 0]]"
      })
  void coversHaveNames(String name, String expected) {
    assertThat(sm3("--cover " + name).cover().otherwise()).hasToString(expected);
    ByName<Cover> byName = sm3("--cover wte.*=" + name).cover();
    assertThat(byName.otherwise()).isEqualTo(Cover.slices());
    assertThat(byName.of("wte.weight")).hasToString(expected);
  }

  @Test
  void coversByAxesAreForMatricesUnlessAPatternSaysOtherwise() {
    ByName<Cover> cover = sm3("--cover columns --cover ln_f.bias=whole --cover h.*=rows").cover();
    assertThat(cover.of("wte.weight")).isEqualTo(Cover.axes(1));
    assertThat(cover.of("ln_f.weight")).isEqualTo(Cover.slices());
    assertThat(cover.of("ln_f.bias")).isEqualTo(Cover.whole());
    assertThat(cover.of("h.0.mlp.c_fc.bias")).isEqualTo(Cover.axes(0));
    assertThat(sm3("--cover whole").cover().of("ln_f.bias")).isEqualTo(Cover.whole());
  }

  @Test
  void schedulesHaveShapesBetweenWarmupAndCooldown() {
    assertThat(recipe("--learning-rate 3").learningRate()).isEqualTo(schedule(3, 30));
    assertThat(recipe("--warmup 0.2 --warmup-power 1 --cooldown 0").learningRate())
        .isEqualTo(Schedule.constant(0.08).warmup(20, 1).cooldown(STEPS, 0));
    assertThat(recipe("--schedule inverse-sqrt --warmup 0.16").learningRate())
        .isEqualTo(Schedule.constant(0.08).inverseSqrt(16).warmup(16, 2).cooldown(STEPS, 0.1));
    assertThat(recipe("--schedule inverse-sqrt --warmup 0 --cooldown 0").learningRate().at(4))
        .isEqualTo(0.04);
  }

  @Test
  void piecesStartAfterTheirShareOfTheSteps() {
    Schedule schedule =
        recipe("--learning-rate 2 --schedule piecewise:0.5@0.6,0.1@0.8 --warmup 0 --cooldown 0")
            .learningRate();
    assertThat(schedule.at(60)).isEqualTo(2);
    assertThat(schedule.at(61)).isEqualTo(1);
    assertThat(schedule.at(80)).isEqualTo(1);
    assertThat(schedule.at(81)).isCloseTo(0.2, within(1e-15));
    assertThat(recipe("--schedule piecewise:0.5@0 --warmup 0").learningRate().at(1))
        .isEqualTo(0.04);
  }

  @Test
  void weightsDecayExceptBiasesAndNorms() {
    ByName<Double> decay = options("--weight-decay 0.1").weightDecay();
    assertThat(decay.of("h.0.attn.c_attn.weight")).isEqualTo(0.1);
    assertThat(decay.of("wte.weight")).isEqualTo(0.1);
    assertThat(decay.of("h.0.attn.c_attn.bias")).isZero();
    assertThat(decay.of("h.0.ln_1.weight")).isZero();
    assertThat(decay.of("ln_f.weight")).isZero();
    ByName<Double> other = options("--weight-decay 0.1 --no-decay wte.* wpe.*").weightDecay();
    assertThat(other.of("wpe.weight")).isZero();
    assertThat(other.of("ln_f.bias")).isEqualTo(0.1);
    assertThat(options("--weight-decay 0.1 --no-decay none").weightDecay())
        .isEqualTo(ByName.always(0.1));
  }

  @Test
  void whatSurroundsTheRuleCanBeChosenForAll() {
    for (String optimizer : List.of("sm3", "adagrad", "adam", "adafactor")) {
      Options options =
          options(
              "--optimizer %s --rate-multiplier wte.weight=0.5 --rate-multiplier *.bias=2 --clip 1"
                      .formatted(optimizer)
                  + " --clip-value 0.5 --guard skip --rounding stochastic --average polyak:0.99");
      assertThat(options.multiplier())
          .isEqualTo(ByName.always(1.0).with("wte.weight", 0.5).with("*.bias", 2.0));
      assertThat(options.clipNorm()).isEqualTo(1);
      assertThat(options.clipValue()).isEqualTo(0.5);
      assertThat(options.guard()).isEqualTo(Guard.SKIP);
      assertThat(options.rounding()).isEqualTo(Rounding.stochastic(SEED));
      assertThat(options.average()).isEqualTo(Average.polyak(0.99));
      assertThat(options.maximise()).isFalse();
    }
    assertThat(options("--maximise").maximise()).isTrue();
    assertThat(options("--guard unchecked").guard()).isEqualTo(Guard.UNCHECKED);
    assertThat(options("--clip Infinity").clipNorm()).isInfinite();
  }

  @Test
  void setsOfOnesOwnComeFromAFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("sets.json");
    Files.writeString(file, "[[0, 1], [1, 2]]");
    assertThat(sm3("--cover ln_f.bias=sets:" + file).cover())
        .isEqualTo(
            ByName.always(Cover.slices())
                .with("ln_f.bias", Cover.sets(new long[] {0, 1}, new long[] {1, 2})));
    for (String bad : List.of("{}", "[1]", "[[0.5]]", "[[\"1\"]]", "[null]", "[[", "null")) {
      Files.writeString(file, bad);
      assertThatThrownBy(() -> sm3("--cover sets:" + file))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("is not a JSON array of arrays of indices");
    }
    Files.writeString(file, "[[0]]");
    assertThatThrownBy(() -> sm3("--cover sets:" + file))
        .hasMessageContaining("is for a parameter of its own size; name it, such as ln_f.bias=");
    Path odd = folder.resolve("a=b.json");
    Files.writeString(odd, "[[0]]");
    assertThat(sm3("--cover ln_f.bias=sets:" + odd).cover().of("ln_f.bias"))
        .isEqualTo(Cover.sets(new long[] {0}));
    assertThatThrownBy(() -> sm3("--cover sets:" + folder.resolve("none")))
        .hasMessageContaining("no such file");
  }

  @Test
  void aTailIsAShareOfTheSteps() {
    assertThat(options("--average tail:0.1").average()).isEqualTo(Average.tail(91));
    assertThat(options("--average tail:1").average()).isEqualTo(Average.tail(1));
    assertThat(options("--average tail:0.001").average()).isEqualTo(Average.tail(100));
    assertThat(options("--average none").average()).isEqualTo(Average.none());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "--optimizer sgd | --optimizer is 'sgd'; it must be sm3, adagrad, adam, adafactor, torch",
        "--algorithm sm3 | --algorithm is 'sm3'; it must be sm3-i or sm3-ii",
        "--optimizer adam --algorithm sm3-i | --algorithm is for --optimizer sm3; leave it out",
        "--optimizer adagrad --cover rows | --cover is for --optimizer sm3; leave it out",
        "--optimizer adam --momentum-kind average | --momentum-kind is for --optimizer sm3, adagrad",
        "--optimizer adam --momentum-format int8 | --momentum-format is for --optimizer sm3, adagrad",
        "--optimizer adagrad --beta2 0.9 | --beta2 is for --optimizer sm3, adam or torch-fused-adam;",
        "--optimizer adafactor --epsilon 1 | --epsilon is for --optimizer sm3, adagrad, adam, torch",
        "--optimizer adafactor --schedule constant | --schedule constant has no effect without a",
        "--optimizer adagrad --momentum-format int8 | has no effect without a --momentum above 0",
        "--momentum 0 --momentum-kind nesterov | --momentum-kind nesterov has no effect without",
        "--momentum-kind hevy | --momentum-kind is 'hevy'; it must be average, heavy-ball or nesterov",
        "--momentum-format f16 | --momentum-format is 'f16'; it must be float32, bfloat16 or int8",
        "--momentum 1 | --momentum: momentum beta is 1.0",
        "--momentum NaN | --momentum: momentum beta is NaN",
        "--optimizer adam --momentum 1 | --momentum: beta1 is 1.0",
        "--optimizer adam --beta2 1 | --beta2: beta2 is 1.0",
        "--beta2 1.5 | --beta2: second-moment beta is 1.5",
        "--epsilon -1 | --epsilon: epsilon is -1.0",
        "--optimizer adam --epsilon -1 | --epsilon: epsilon is -1.0",
        "--cover row | --cover is 'row'; it must be slices, singletons, whole, rows, columns or",
        "--cover axes: | --cover is 'axes:'",
        "--cover axes:1,1 | --cover: a cover by the axes [1, 1]",
        "--cover =rows | --cover is '=rows'; it must be PATTERN=VALUE, for example wte.weight=rows",
        "--cover rows --cover columns | --cover is given for all parameters twice, 'rows' and",
        "--learning-rate -1 | --learning-rate: learning rate is -1.0",
        "--schedule cosine | --schedule is 'cosine'; it must be constant, inverse-sqrt or such as",
        "--schedule piecewise: | '' must be FACTOR@SHARE",
        "--schedule piecewise:0.1@0.8,0.5@0.6 | '0.5@0.6' must be FACTOR@SHARE",
        "--schedule piecewise:0.1@-0.5 | '0.1@-0.5' must be FACTOR@SHARE",
        "--schedule piecewise:-1@0.5 | '-1@0.5' must be FACTOR@SHARE",
        "--schedule piecewise:0.1@1 | '0.1@1' must be FACTOR@SHARE",
        "--learning-rate 1e308 --schedule piecewise:10@0.5 | --schedule: learning rate is Infinity",
        "--cover ln_f.bias=sets: | --cover is 'sets:'",
        "--weight-decay 1 --no-decay none a | --no-decay is 'none a'; none stands alone",
        "--schedule piecewise:half@0.5 | 'half@0.5' must be FACTOR@SHARE",
        "--warmup 1.5 | --warmup is 1.5; it must be at least 0 and at most 1, for example 0.05",
        "--warmup-power 0 | --warmup-power: warm-up power is 0.0",
        "--warmup 0 --warmup-power 2 | --warmup-power 2.0 has no effect without a --warmup above 0",
        "--cooldown -0.1 | --cooldown is -0.1",
        "--rate-multiplier 0.5 | --rate-multiplier is '0.5'; it must be PATTERN=VALUE",
        "--rate-multiplier wte.*=half | --rate-multiplier is 'wte.*=half'; 'half' is not a number",
        "--rate-multiplier wte.*=-1 | --rate-multiplier: learning-rate multiplier of 'wte.*' is -1.0",
        "--weight-decay -1 | --weight-decay: weight decay is -1.0",
        "--no-decay *.bias | --no-decay *.bias has no effect without a --weight-decay above 0",
        "--clip 0 | --clip: clip norm is 0.0",
        "--clip-value -1 | --clip-value: clip value is -1.0",
        "--guard maybe | --guard is 'maybe'; it must be refuse, skip or unchecked",
        "--rounding up | --rounding is 'up'; it must be nearest or stochastic",
        "--average ema | --average is 'ema'; it must be none, or such as polyak:0.999 or tail:0.1",
        "--average polyak:1 | --average: decay of the average is 1.0",
        "--average polyak: | --average is 'polyak:'; '' is not a number",
        "--average tail:0 | --average is 'tail:0'; the tail's share must be above 0",
        "--average tail:1.1 | --average is 'tail:1.1'"
      })
  void whatHasNoEffectOrNoSenseIsRefused(String arguments, String message) {
    assertThatThrownBy(() -> recipe(arguments))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(message);
  }

  @Test
  void float32WeightsAreNotRounded() {
    assertThatThrownBy(() -> settings("--rounding stochastic", WeightType.FLOAT32))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("--rounding stochastic has no effect without --weights of 16 bits");
    String bfloat16 = "--rounding stochastic --momentum-format bf16";
    assertThat(settings(bfloat16, WeightType.FLOAT32).weights().rounding()).isEqualTo("stochastic");
    assertThat(settings("--rounding nearest", WeightType.FLOAT32).weights().rounding())
        .isEqualTo("nearest");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                              | SM3-II, momentum 0.9",
        "--momentum-format i8 --momentum-format int8     | SM3-II, momentum 0.9 (int8)",
        "--algorithm sm3-i --momentum 0                  | SM3-I, no momentum",
        "--cover rows --cover wte.weight=whole --beta2 .5"
            + " | SM3-II, cover rows wte.weight=whole, momentum 0.9, beta2 0.5",
        "--optimizer adagrad --epsilon 0.001             | AdaGrad, no momentum, epsilon 0.001",
        "--optimizer adam --weight-decay 0.1 --clip 1    | Adam, momentum 0.9, weight decay 0.1,"
            + " clipped to norm 1.0",
        "--optimizer adafactor --clip-value 2 --guard skip | Adafactor, no momentum, clipped to"
            + " values of 2.0, guard skip",
        "--momentum-kind nesterov --momentum-format bf16 --rounding stochastic --average tail:0.1"
            + " | SM3-II, momentum 0.9 (nesterov, bfloat16), rounding stochastic, average tail:0.1"
      })
  void aLineTellsWhatIsNotAsUsual(String arguments, String description) {
    assertThat(OptimizerDescription.of(settings(arguments, WeightType.BFLOAT16)))
        .isEqualTo(description);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                              | learning rate 0.08",
        "--optimizer adafactor                           | relative steps",
        "--optimizer adam --warmup 0.25                  | learning rate 0.002, warm-up 0.25",
        "--learning-rate 1 --schedule inverse-sqrt --rate-multiplier *.bias=2"
            + " | learning rate 1, inverse-sqrt, times *.bias=2",
        "--learning-rate 3e-5                            | learning rate 0.00003"
      })
  void aLineTellsTheLearningRate(String arguments, String description) {
    assertThat(OptimizerDescription.ofRate(settings(arguments, WeightType.FLOAT32)))
        .isEqualTo(description);
  }

  @Test
  void patternsMustNameParameters() {
    List<String> names = List.of("wte.weight", "h.0.ln_1.bias", "h.1.ln_1.bias");
    NamePatterns.requireMatches(settings("--cover h.?.*=rows", WeightType.FLOAT32), names);
    NamePatterns.requireMatches(settings("--weight-decay 0.1", WeightType.FLOAT32), names);
    for (String option :
        List.of(
            "--cover h.2.*=rows",
            "--rate-multiplier h.2.*=2",
            "--weight-decay 1 --no-decay h.2.*")) {
      assertThatThrownBy(
              () -> NamePatterns.requireMatches(settings(option, WeightType.FLOAT32), names))
          .isInstanceOf(UserError.class)
          .hasMessageEndingWith(
              "no parameter is called 'h.2.*'; there are wte.weight and h.*.ln_1.bias"
                  + " (* stands for any characters)");
    }
  }
}
