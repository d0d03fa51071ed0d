package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.testkit.Floats;
import dev.mincover.testkit.GoldenSequence;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/** SM3 as an updater of SameDiff's. */
class Sm3UpdaterTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  static Stream<Sm3> recipes() {
    Momentum momentum = Momentum.average(0.9);
    return Stream.of(
        SM3,
        SM3.algorithm(Sm3.Algorithm.SM3_I),
        SM3.momentum(momentum),
        SM3.momentum(Momentum.nesterov(0.5)),
        SM3.momentum(momentum.stored(Momentum.Format.BFLOAT16)),
        SM3.momentum(momentum.stored(Momentum.Format.INT8)),
        SM3.secondMoment(SecondMoment.average(0.9)),
        SM3.cover(Cover.axes(0)),
        SM3.cover(Cover.singletons()),
        SM3.cover(Cover.whole()),
        SM3.epsilon(1e-3).clipByValue(0.5).guard(Guard.UNCHECKED),
        Sm3.learningRate(Schedule.constant(0.1).warmup(3, 2).inverseSqrt(4).cooldown(6, 0.5)));
  }

  private static INDArray random(long seed, long... shape) {
    int size = Math.toIntExact(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    return Arrays4j.array(Floats.random(new SplittableRandom(seed), size), 'c', shape).div(100);
  }

  private static SameDiff graph() {
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, -1, 4);
    SDVariable label = graph.placeHolder("label", DataType.FLOAT, -1, 2);
    SDVariable w0 = graph.var("w0", random(1, 4, 7));
    SDVariable b0 = graph.var("b0", random(2, 7));
    SDVariable w1 = graph.var("w1", random(3, 7, 2).dup('f'));
    SDVariable scale = graph.var("scale", Nd4j.scalar(1.5f));
    graph.var("unused", random(4, 3, 2));
    SDVariable hidden = graph.math.tanh(in.mmul(w0).add(b0)).mul(scale);
    graph.loss.meanSquaredError("loss", label, hidden.mmul(w1), null);
    graph.setLossVariables("loss");
    return graph;
  }

  private static SameDiff graph(Sm3Updater updater) {
    SameDiff graph = graph();
    graph.setTrainingConfig(config(updater));
    return graph;
  }

  private static TrainingConfig config(Sm3Updater updater) {
    return new TrainingConfig.Builder()
        .updater(updater)
        .dataSetFeatureMapping("in")
        .dataSetLabelMapping("label")
        .build();
  }

  private static void fit(SameDiff graph, long seed) {
    graph.fit(new DataSet(random(seed, 5, 4), random(-seed, 5, 2)));
  }

  private static Map<String, INDArray> gradients(SameDiff graph, long seed) {
    return graph.calculateGradients(
        Map.of("in", random(seed, 5, 4), "label", random(-seed, 5, 2)), "w0", "b0", "w1", "scale");
  }

  private static void assertSameBits(SameDiff actual, SameDiff expected) {
    for (SDVariable variable : expected.variables()) {
      INDArray array = variable.getArr();
      if (List.of("w0", "b0", "w1", "scale", "unused").contains(variable.name())) {
        Floats.assertEqualBits(
            Arrays4j.values(actual.getVariable(variable.name()).getArr()),
            Arrays4j.values(array),
            variable.name());
      }
    }
  }

  /** Of what is subtracted from weights: the bits are those of core's step of the weights. */
  @ParameterizedTest
  @MethodSource("recipes")
  void fitGivesTheBitsOfCore(Sm3 recipe) {
    SameDiff fitted = graph(Sm3Updater.of(recipe));
    SameDiff stepped = graph();
    // Blocks of int8 momentum lie as the weights do, and here as the gradients do.
    stepped.associateArrayWithVariable(
        stepped.getVariable("w1").getArr().dup('c'), stepped.getVariable("w1"));
    Sm3 plain = recipe.guard(Guard.REFUSE);
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(plain, stepped, 1)) {
      for (int t = 1; t <= 6; t++) {
        optimizer.step(gradients(stepped, t));
        fit(fitted, t);
        assertSameBits(fitted, stepped);
      }
    }
  }

  static Stream<GoldenSequence> recorded() {
    return Stream.concat(GoldenSequence.authors().stream(), GoldenSequence.paper().stream())
        .filter(sequence -> !(sequence.recipe().cover().otherwise() instanceof Cover.Sets));
  }

  /** As SameDiff calls it. */
  @ParameterizedTest
  @MethodSource("recorded")
  void reproducesRecordedSequences(GoldenSequence sequence) {
    long[] shape = sequence.shape().stream().mapToLong(Integer::longValue).toArray();
    INDArray weights = Arrays4j.array(Floats.of(sequence.initialWeights()), 'c', shape);
    GradientUpdater<?> updater =
        Sm3Updater.of(sequence.recipe()).instantiate((INDArray) null, false);
    updater.setStateViewArray(null, shape, 'c', true);
    for (int t = 1; t <= sequence.length(); t++) {
      INDArray gradient = Arrays4j.view(Floats.of(sequence.gradient(t)), 'c', shape);
      updater.applyUpdater(gradient, t - 1, 0);
      weights.subi(gradient);
      assertThat(Floats.doubles(Arrays4j.values(weights)))
          .as("weights after step %d", t)
          .containsExactly(sequence.weights(t), within(1e-6));
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void jsonHoldsTheWholeUpdater(Sm3 recipe) {
    Sm3Updater updater = Sm3Updater.of(recipe);
    TrainingConfig config = TrainingConfig.fromJson(config(updater).toJson());
    Sm3Updater read = (Sm3Updater) config.getUpdater();
    assertThat(read).isEqualTo(updater).hasSameHashCodeAs(updater).isEqualTo(updater.clone());
    assertThat(read.recipe(Schedule.constant(1))).isEqualTo(updater.recipe(Schedule.constant(1)));
    for (int iteration = 0; iteration < 8; iteration++) {
      assertThat(read.getLearningRate(iteration, 0))
          .isEqualTo(recipe.learningRate().at(iteration + 1));
    }
    assertThat(config.toJson()).isEqualTo(config(updater).toJson());
  }

  /** In the state: a number per row and per column. */
  @ParameterizedTest
  @MethodSource("recipes")
  void aSavedGraphGoesOnWithTheSameBits(Sm3 recipe, @TempDir Path folder) throws IOException {
    File file = folder.resolve("graph.fb").toFile();
    SameDiff straight = graph(Sm3Updater.of(recipe));
    for (int t = 1; t <= 6; t++) {
      if (t == 4) {
        straight.save(file, true);
      }
      fit(straight, t);
    }
    SameDiff resumed = SameDiff.load(file, true);
    resumed.save(folder.resolve("again.fb").toFile(), true); // Before any step.
    resumed = SameDiff.load(folder.resolve("again.fb").toFile(), true);
    for (int t = 4; t <= 6; t++) {
      fit(resumed, t);
    }
    assertSameBits(resumed, straight);
  }

  @Test
  void stateIsOfRowsAndColumns() {
    GradientUpdater<?> updater =
        Sm3Updater.of(SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)))
            .instantiate((INDArray) null, false);
    assertThat(updater.getState()).isEmpty();
    updater.setStateViewArray(null, new long[] {4, 7}, 'f', true);
    updater.applyUpdater(random(1, 4, 7), 0, 0);
    Map<String, INDArray> state = updater.getState();
    assertThat(state.keySet())
        .containsExactlyInAnyOrder("mu.0", "mu.1", "momentum.codes", "momentum.scales", "steps");
    assertThat(requireNonNull(state.get("mu.0")).shape()).containsExactly(4);
    assertThat(requireNonNull(state.get("mu.1")).shape()).containsExactly(7);
    assertThat(requireNonNull(state.get("momentum.codes")).dataType()).isEqualTo(DataType.INT8);
    assertThat(requireNonNull(state.get("steps")).getLong(0)).isOne();
    assertThat(new Sm3Updater(0.1).stateSize(28)).isZero();
  }

  @Test
  void stateThatDoesNotFitIsRefused() {
    INDArray gradient = random(1, 4, 7);
    INDArray before = gradient.dup();
    GradientUpdater<?> other =
        Sm3Updater.of(SM3.cover(Cover.whole())).instantiate((INDArray) null, true);
    other.applyUpdater(random(1, 4, 7), 0, 0);
    assertThatThrownBy(() ->
            new Sm3Updater(0.1).instantiate(other.getState(), false).applyUpdater(gradient, 1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the saved updater state has [mu, steps]")
        .hasMessageContaining("[mu.0, mu.1, steps]");
    GradientUpdater<?> narrow = new Sm3Updater(0.1).instantiate((INDArray) null, true);
    narrow.applyUpdater(random(1, 4, 6), 0, 0);
    assertThatThrownBy(() ->
            new Sm3Updater(0.1).instantiate(narrow.getState(), false).applyUpdater(gradient, 1, 0))
        .hasMessageContaining("'mu.1' is FLOAT [6], and the variable needs F32 [7]");
    assertThat(gradient).isEqualTo(before);
  }

  /** SameDiff gives no shape then; a gradient does. */
  @Test
  void aConstantThatBecomesAVariableLearns() {
    SameDiff graph = graph(new Sm3Updater(0.1));
    graph.convertToConstant(graph.getVariable("w1"));
    fit(graph, 1);
    INDArray before = graph.getVariable("w1").getArr().dup();
    fit(graph, 2);
    assertThat(graph.getVariable("w1").getArr()).isEqualTo(before);
    graph.convertToVariable(graph.getVariable("w1"));
    fit(graph, 3);
    assertThat(graph.getVariable("w1").getArr()).isNotEqualTo(before);
    graph.convertToConstant(graph.getVariable("w0"));
    fit(graph, 4);
  }

  @Test
  void theRateCanBeSetByIterationAndEpoch() {
    Sm3Updater updater = new Sm3Updater(0.1);
    updater.setLrAndSchedule(0.5, null);
    assertThat(updater.getLearningRate(3, 0)).isEqualTo(0.5);
    updater.setLrAndSchedule(
        Double.NaN, new MapSchedule(ScheduleType.EPOCH, Map.of(0, 1.0, 1, 0.25)));
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, 1);
    SDVariable w = graph.var("w", Nd4j.scalar(0f));
    graph.placeHolder("label", DataType.FLOAT, 1);
    in.mul(w).sum("loss");
    graph.setLossVariables("loss");
    graph.setTrainingConfig(config(updater));
    INDArray one = Nd4j.ones(DataType.FLOAT, 1);
    graph.fit(new DataSet(one, one));
    assertThat(w.getArr().getFloat(0)).isEqualTo(-1); // g / sqrt(g^2), at rate 1
    Sm3Updater read = (Sm3Updater) TrainingConfig.fromJson(config(updater).toJson()).getUpdater();
    assertThat(read.getLearningRate(9, 1)).isEqualTo(0.25);
    assertThat(read).isEqualTo(updater);
  }

  @Test
  void dl4jIsRefusedBeforeAnythingChanges() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new Sm3Updater(0.1)));
    INDArray before = network.params().dup();
    assertThatThrownBy(() -> network.fit(Networks.data(1)))
        .hasMessageContaining("one vector of 51 values, in which SM3 cannot see rows and columns")
        .hasMessageContaining("attach a NetworkOptimizer");
    assertThat(network.params()).isEqualTo(before);
    assertThatThrownBy(() -> NetworkOptimizer.bind(SM3, network, 1))
        .hasMessageContaining("has the updater Sm3Updater");
  }

  @Test
  void whatAnUpdaterCannotDoIsRefused() {
    refuses(SM3.weightDecay(0.1), "weight decay needs the weights");
    refuses(SM3.average(Average.polyak(0.9)), "an average of weights");
    refuses(SM3.cover("w", Cover.whole()), "a choice by name");
    refuses(SM3.rateMultiplier("w", 2), "a choice by name");
    refuses(SM3.cover(Cover.sets(new long[] {0})), "a cover by sets");
    refuses(SM3.clipByGlobalNorm(1), "clipping by global norm");
    refuses(SM3.rounding(Rounding.stochastic(1)), "stochastic rounding");
    refuses(SM3.maximise(), "minimize(false)");
    assertThatThrownBy(() -> Sm3Updater.of(Sm3.learningRate(step -> 1.0 / step)))
        .hasMessageContaining("cannot be written as JSON")
        .hasMessageContaining("MapSchedule");
  }

  private static void refuses(Sm3 recipe, String why) {
    assertThatThrownBy(() -> Sm3Updater.of(recipe))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageContaining("an ArrayOptimizer does it all");
  }

  @Test
  void badGradientsAreRefusedAndLeaveZerosForTheOthers() {
    for (Guard guard : List.of(Guard.REFUSE, Guard.UNCHECKED)) {
      Sm3Updater config = Sm3Updater.of(SM3.guard(guard));
      GradientUpdater<?> first = config.instantiate((INDArray) null, true);
      GradientUpdater<?> second = config.instantiate((INDArray) null, true);
      INDArray bad = random(1, 4, 7).putScalar(1, 1, Float.NaN);
      assertThatThrownBy(() -> first.applyUpdater(bad, 0, 0))
          .isInstanceOf(NonFiniteGradientException.class);
      INDArray good = Nd4j.ones(DataType.FLOAT, 4, 7);
      second.applyUpdater(good, 0, 0);
      assertThat(good).isEqualTo(Nd4j.ones(DataType.FLOAT, 4, 7).muli(0.1f));
    }
    GradientUpdater<?> skipping =
        Sm3Updater.of(SM3.guard(Guard.SKIP)).instantiate((INDArray) null, true);
    INDArray bad = random(1, 4, 7).putScalar(1, 1, Float.NaN);
    skipping.applyUpdater(bad, 0, 0);
    assertThat(bad).isEqualTo(Nd4j.zeros(DataType.FLOAT, 4, 7));
    assertThatThrownBy(() -> skipping.applyUpdater(random(1, 7, 4), 0, 0))
        .hasMessageContaining("the gradient has shape [7, 4], and its variable [4, 7]");
    assertThatThrownBy(() -> skipping.applyUpdater(Nd4j.ones(DataType.DOUBLE, 4, 7), 0, 0))
        .hasMessageContaining("is DOUBLE, and an Sm3Updater takes FLOAT");
  }

  /** A variable that comes late and is larger than those before makes their zeros move. */
  @Test
  void variablesOfGrowingSizesShareOneArray() {
    Sm3Updater config = Sm3Updater.of(SM3.momentum(Momentum.average(0.5)));
    GradientUpdater<?> small = config.instantiate((INDArray) null, true);
    GradientUpdater<?> alone = config.clone().instantiate((INDArray) null, true);
    for (int t = 0; t < 4; t++) {
      INDArray gradient = random(t, 4, 7);
      INDArray same = gradient.dup('f');
      small.applyUpdater(gradient, t, 0);
      config.instantiate((INDArray) null, true).applyUpdater(random(t, 40L * (t + 1), 70), 0, 0);
      alone.applyUpdater(same, t, 0); // In another order than the shape.
      Floats.assertEqualBits(Arrays4j.values(gradient), Arrays4j.values(same), "update " + t);
    }
  }

  @Test
  void minimizeFalseClimbs() {
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, 1);
    graph.placeHolder("label", DataType.FLOAT, 1);
    SDVariable w = graph.var("w", Nd4j.scalar(0f));
    in.mul(w).sum("loss");
    graph.setLossVariables("loss");
    TrainingConfig config = config(new Sm3Updater(0.5));
    config.setMinimize(false);
    graph.setTrainingConfig(config);
    INDArray one = Nd4j.ones(DataType.FLOAT, 1);
    graph.fit(new DataSet(one, one));
    assertThat(w.getArr().getFloat(0)).isEqualTo(0.5f);
  }
}
