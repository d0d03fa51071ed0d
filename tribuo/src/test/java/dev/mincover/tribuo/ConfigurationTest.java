package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.linear.LinearSGDModel;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;

/** Recipes, OLCUT's configurations, provenance and copies say the same. */
class ConfigurationTest {

  private static final Sm3 PLAIN = Sm3.learningRate(0.25);

  /** A recipe for each field of the configuration, and one with all. */
  static Stream<Sm3> recipes() {
    return Stream.of(
        PLAIN,
        Sm3.learningRate(Schedule.constant(0.25).warmup(7, 2)),
        Sm3.learningRate(Schedule.constant(0.25).warmup(7, 1.5)),
        Sm3.learningRate(Schedule.constant(0.25).inverseSqrt(9)),
        Sm3.learningRate(Schedule.constant(0.25).cooldown(50, 0.1)),
        Sm3.learningRate(Schedule.constant(0.25).cooldown(50, 0.3)),
        PLAIN.cover(Cover.singletons()),
        PLAIN.momentum(Momentum.average(0.9)),
        PLAIN.momentum(Momentum.heavyBall(0.8)),
        PLAIN.momentum(Momentum.nesterov(0.7)),
        PLAIN.secondMoment(SecondMoment.average(0.95)),
        PLAIN.epsilon(1e-3),
        Sm3.learningRate(Schedule.constant(0.5).warmup(5, 3).inverseSqrt(11).cooldown(60, 0.2))
            .cover(Cover.singletons())
            .momentum(Momentum.nesterov(0.6))
            .secondMoment(SecondMoment.average(0.8))
            .epsilon(1e-6));
  }

  @Test
  void recipesDiffer() {
    assertThat(recipes().map(Sm3Optimiser::of).map(Object::toString)).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void followsItsRecipe(Sm3 recipe) {
    assertThat(Sm3Optimiser.of(recipe).recipe()).isEqualTo(recipe);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void copiesKeepAllButTheState(Sm3 recipe) {
    Sm3Optimiser optimiser = Sm3Optimiser.of(recipe);
    optimiser.initialise(new Weights(Tensors.dense(new double[6], 2, 3)));
    Sm3Optimiser copy = optimiser.copy();
    assertThat(copy.recipe()).isEqualTo(recipe);
    assertThat(copy.getProvenance()).isEqualTo(optimiser.getProvenance());
    assertThat(copy).hasToString(optimiser.toString());
    assertThat(copy.stateBytes()).isZero();
    assertThatThrownBy(copy::steps).isInstanceOf(IllegalStateException.class);
  }

  /** A model's provenance becomes a configuration, whose trainer gives the same bits. */
  @ParameterizedTest
  @MethodSource("recipes")
  void provenanceTrainsTheSameModelAgain(Sm3 recipe) {
    Dataset<Label> data = Documents.of(60, 3, 200, 20, 1);
    Model<Label> model =
        new LinearSGDTrainer(new LogMulticlass(), Sm3Optimiser.of(recipe), 1, -1, 2, 5).train(data);
    try (ConfigurationManager configuration = new ConfigurationManager()) {
      configuration.addConfiguration(ProvenanceUtil.extractConfiguration(model.getProvenance()));
      Sm3Optimiser again = configuration.lookupAll(Sm3Optimiser.class).getFirst();
      assertThat(again.recipe()).isEqualTo(recipe);
      Trainer<?> trainer = configuration.lookupAll(LinearSGDTrainer.class).getFirst();
      Model<Label> second = ((LinearSGDTrainer) trainer).train(data);
      Tensors.assertEqualBits(
          Tensors.values(((LinearSGDModel) second).getWeightsCopy()),
          Tensors.values(((LinearSGDModel) model).getWeightsCopy()),
          "weights");
    }
  }

  @Test
  void provenanceNamesEveryField() {
    Map<String, ?> fields = Sm3Optimiser.of(PLAIN).getProvenance().getConfiguredParameters();
    assertThat(fields)
        .containsOnlyKeys(
            "learningRate",
            "warmupSteps",
            "warmupPower",
            "inverseSqrtSteps",
            "totalSteps",
            "cooldownFraction",
            "cover",
            "momentumKind",
            "momentum",
            "secondMoment",
            "epsilon");
  }

  @Test
  void readsAConfigurationFile(@TempDir Path folder) throws IOException {
    Sm3Optimiser optimiser =
        lookup(
            folder,
            "<property name=\"learningRate\" value=\"0.5\"/>"
                + "<property name=\"warmupSteps\" value=\"100\"/>"
                + "<property name=\"momentumKind\" value=\"NESTEROV\"/>"
                + "<property name=\"momentum\" value=\"0.9\"/>"
                + "<property name=\"cover\" value=\"SINGLETONS\"/>");
    assertThat(optimiser.recipe())
        .isEqualTo(
            Sm3.learningRate(Schedule.constant(0.5).warmup(100, 2))
                .momentum(Momentum.nesterov(0.9))
                .cover(Cover.singletons()));
  }

  @ParameterizedTest
  @CsvSource({
    "learningRate, -1, learning rate is -1.0",
    "learningRate, NaN, learning rate is NaN",
    "warmupSteps, -3, warm-up takes -3",
    "inverseSqrtSteps, -1, inverse square root starts after -1",
    "totalSteps, -1, cool-down of a training of -1",
    "momentum, 1, momentum beta is 1.0",
    "secondMoment, 0, second-moment beta is 0.0",
    "epsilon, -1, epsilon is -1.0",
  })
  void refusesAConfigurationFile(String name, String value, String why, @TempDir Path folder) {
    String rate = "<property name=\"learningRate\" value=\"0.5\"/>";
    String property = "<property name=\"%s\" value=\"%s\"/>".formatted(name, value);
    assertThatThrownBy(
            () -> lookup(folder, name.equals("learningRate") ? property : rate + property))
        .isInstanceOf(PropertyException.class)
        .hasMessageContaining(why);
  }

  private static Sm3Optimiser lookup(Path folder, String properties) throws IOException {
    Path file = folder.resolve("sm3.xml");
    Files.writeString(
        file,
        "<config><component name=\"sm3\" type=\"%s\">%s</component></config>"
            .formatted(Sm3Optimiser.class.getName(), properties));
    try (ConfigurationManager configuration = new ConfigurationManager(file.toString())) {
      return (Sm3Optimiser) configuration.lookup("sm3");
    }
  }

  static Stream<Arguments> unsupported() {
    return Stream.of(
        Arguments.of(PLAIN.algorithm(Sm3.Algorithm.SM3_I), "algorithm is SM3_I; use SM3_II"),
        Arguments.of(PLAIN.cover(Cover.whole()), "cover is Whole"),
        Arguments.of(PLAIN.cover(Cover.axes(0)), "cover is Axes"),
        Arguments.of(PLAIN.cover("bias", Cover.singletons()), "a cover is given for 'bias'"),
        Arguments.of(
            PLAIN.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
            "momentum is stored in INT8"),
        Arguments.of(PLAIN.weightDecay(0.01), "weight decay is"),
        Arguments.of(PLAIN.clipByValue(1), "clip value is 1.0"),
        Arguments.of(PLAIN.clipByGlobalNorm(1), "clip norm is 1.0"),
        Arguments.of(PLAIN.maximise(), "maximise is true"),
        Arguments.of(PLAIN.guard(Guard.SKIP), "guard is SKIP"),
        Arguments.of(PLAIN.rounding(Rounding.stochastic(1)), "rounding is"),
        Arguments.of(PLAIN.average(Average.polyak(0.9)), "average is"),
        Arguments.of(
            Sm3.learningRate(step -> 1.0 / step), "a configuration of Tribuo cannot record"),
        Arguments.of(
            Sm3.learningRate(Schedule.constant(1).cooldown(9, 0.5).warmup(2, 2)), "in this order"));
  }

  @ParameterizedTest
  @MethodSource("unsupported")
  void refusesWhatTribuoCannotDo(Sm3 recipe, String why) {
    assertThatThrownBy(() -> Sm3Optimiser.of(recipe))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageContaining(";");
  }
}
