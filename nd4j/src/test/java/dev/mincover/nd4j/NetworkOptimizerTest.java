package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.testkit.Floats;
import dev.mincover.testkit.GoldenSequence;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of DL4J, in their own fit and in loops of one's own. */
class NetworkOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  static Stream<Recipe> recipes() {
    Momentum momentum = Momentum.average(0.9);
    return Stream.of(
        SM3,
        SM3.momentum(momentum),
        SM3.momentum(momentum.stored(Momentum.Format.BFLOAT16)),
        SM3.algorithm(Sm3.Algorithm.SM3_I).weightDecay(0.1, "*_b"),
        SM3.cover("0_W", Cover.axes(1)).cover("1_W", Cover.sets(first(9), from(9, 18))),
        SM3.cover(Cover.singletons()),
        SM3.rateMultiplier("1_*", 0.5).clipByValue(0.1),
        Adam.learningRate(0.01));
  }

  private static long[] first(int n) {
    return from(0, n);
  }

  private static long[] from(int start, int end) {
    return java.util.stream.LongStream.range(start, end).toArray();
  }

  /** Core over copies in row-major order, which knows nothing of ND4J. */
  private static final class RowMajor implements AutoCloseable {
    final Map<String, float[]> weights;
    final Optimizer core;

    RowMajor(Recipe recipe, Model network) {
      weights = Networks.weights(network);
      List<Parameter> parameters = new ArrayList<>();
      weights.forEach((name, values) ->
          parameters.add(Parameter.of(name, values, network.getParam(name).shape())));
      core = Optimizer.bind(recipe, parameters);
    }

    void step(Map<String, float[]> gradients) {
      Map<String, Gradient> given = new HashMap<>();
      gradients.forEach((name, values) -> given.put(name, Gradient.dense(values)));
      core.step(given);
    }

    @Override
    public void close() {
      core.close();
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void anOwnLoopGivesTheBitsOfCoreOverRowMajorCopies(Recipe recipe) {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (RowMajor expected = new RowMajor(recipe, network);
        NetworkOptimizer optimizer = NetworkOptimizer.bind(recipe, network, 2)) {
      for (int t = 0; t < 4; t++) {
        backward(network, Networks.data(t));
        expected.step(Networks.gradients(network));
        optimizer.step();
        assertSameBits(network, expected.weights);
      }
      for (String name : expected.weights.keySet()) {
        assertThat(optimizer.accumulators(name))
            .as(name)
            .isDeepEqualTo(expected.core.accumulators(name));
      }
    }
  }

  private static void backward(MultiLayerNetwork network, DataSet data) {
    network.setInput(data.getFeatures());
    network.setLabels(data.getLabels());
    network.computeGradientAndScore();
  }

  private static void assertSameBits(Model network, Map<String, float[]> expected) {
    Map<String, float[]> weights = Networks.weights(network);
    assertThat(weights.keySet()).isEqualTo(expected.keySet());
    weights.forEach(
        (name, values) -> Floats.assertEqualBits(values, requireNonNull(expected.get(name)), name));
  }

  /** Matrices of DL4J are column-major, and the first of them starts the flattened vector. */
  @ParameterizedTest
  @MethodSource("recorded")
  void reproducesRecordedSequences(GoldenSequence sequence) {
    int rows = sequence.shape().get(0);
    int columns = sequence.shape().get(1);
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Networks.builder(new DeferredUpdater())
                .list()
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(rows)
                        .nOut(columns)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    network
        .getParam("0_W")
        .assign(Arrays4j.array(Floats.of(sequence.initialWeights()), 'c', rows, columns));
    assertThat(network.getParam("0_W").ordering()).isEqualTo('f');
    network.setInput(Arrays4j.array(new float[rows], 'c', 1, rows));
    network.setLabels(Arrays4j.array(new float[columns], 'c', 1, columns));
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(sequence.recipe(), network, 1)) {
      for (int t = 1; t <= sequence.length(); t++) {
        network.computeGradientAndScore();
        network
            .gradient()
            .getGradientFor("0_W")
            .assign(Arrays4j.array(Floats.of(sequence.gradient(t)), 'c', rows, columns));
        optimizer.step();
        assertThat(Floats.doubles(Arrays4j.values(network.getParam("0_W"))))
            .as("weights after step %d", t)
            .containsExactly(sequence.weights(t), within(1e-6));
      }
    }
  }

  static Stream<GoldenSequence> recorded() {
    return Stream.concat(GoldenSequence.authors().stream(), GoldenSequence.paper().stream())
        .filter(sequence -> sequence.shape().size() == 2);
  }

  /** With NoOp, DL4J subtracts what an updater is given: what the weights lose is the gradient. */
  @Test
  void fitStepsTheGradientThatDl4jGivesAnUpdater() {
    MultiLayerNetwork network =
        Networks.dense(Networks.builder(new DeferredUpdater()).l2(0.5).miniBatch(true));
    MultiLayerNetwork plain = Networks.dense(Networks.builder(new NoOp()).l2(0.5).miniBatch(true));
    try (RowMajor expected = new RowMajor(Sm3.learningRate(1).epsilon(0.01), network);
        NetworkOptimizer optimizer =
            NetworkOptimizer.bind(Sm3.learningRate(1).epsilon(0.01), network, 1)) {
      optimizer.attach();
      for (int t = 0; t < 3; t++) {
        plain.setParams(network.params());
        plain.fit(Networks.data(t));
        expected.step(Networks.gradients(plain));
        network.fit(Networks.data(t));
        assertSameBits(network, expected.weights);
      }
      assertThat(network.getIterationCount()).isEqualTo(3);
      assertThat(optimizer.core().steps()).isEqualTo(3);
    }
  }

  @Test
  void graphsFit() {
    ComputationGraph graph = Networks.graph(Networks.builder(new DeferredUpdater()));
    ComputationGraph plain = Networks.graph(Networks.builder(new NoOp()));
    Sm3 recipe = SM3.cover("dense_W", Cover.axes(0)).momentum(Momentum.nesterov(0.5));
    try (RowMajor expected = new RowMajor(recipe, graph);
        NetworkOptimizer optimizer = NetworkOptimizer.bind(recipe, graph, 1)) {
      optimizer.attach();
      for (int t = 0; t < 3; t++) {
        plain.setParams(graph.params());
        plain.fit(Networks.data(t));
        expected.step(Networks.gradients(plain));
        graph.fit(Networks.data(t));
        assertSameBits(graph, expected.weights);
      }
    }
  }

  /** Their "gradients" are differences, to be subtracted as they are. */
  @Test
  void runningMeansStayDl4jsOwn() {
    MultiLayerNetwork network = Networks.convolution(Networks.builder(new DeferredUpdater()));
    MultiLayerNetwork plain = Networks.convolution(Networks.builder(new NoOp()));
    assertThat(network.getParam("0_W").ordering()).isEqualTo('c');
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(SM3, network, 1)) {
      assertThatThrownBy(() -> optimizer.accumulators("1_mean")).hasMessageContaining("frozen");
      optimizer.attach();
      for (int t = 0; t < 3; t++) {
        plain.setParams(network.params());
        plain.fit(Networks.images(t));
        float[] before = Arrays4j.values(network.getParam("1_mean"));
        network.fit(Networks.images(t));
        float[] after = Arrays4j.values(network.getParam("1_mean"));
        assertThat(after).isEqualTo(Arrays4j.values(plain.getParam("1_mean")));
        assertThat(after).isNotEqualTo(before);
      }
      assertThat(optimizer.accumulators("0_W")).hasNumberOfRows(4); // One per axis.
    }
  }

  @Test
  void frozenLayersStay() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Networks.builder(new DeferredUpdater())
                .list()
                .layer(
                    new FrozenLayer(
                        new org.deeplearning4j.nn.conf.layers.DenseLayer.Builder()
                            .nIn(4)
                            .nOut(6)
                            .build()))
                .layer(
                    new OutputLayer.Builder(LossFunction.MSE)
                        .nIn(6)
                        .nOut(3)
                        .activation(Activation.IDENTITY)
                        .build())
                .build());
    network.init();
    Map<String, float[]> before = Networks.weights(network);
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(SM3, network, 1)) {
      optimizer.attach();
      network.fit(Networks.data(0));
      Map<String, float[]> after = Networks.weights(network);
      assertThat(after.get("0_W")).isEqualTo(before.get("0_W"));
      assertThat(after.get("1_W")).isNotEqualTo(before.get("1_W"));
    }
  }

  @Test
  void aResumedTrainingHasTheSameBits(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("state.safetensors");
    Sm3 recipe =
        Sm3.learningRate(Schedule.constant(0.1).warmup(5, 2))
            .momentum(Momentum.average(0.9).stored(Momentum.Format.INT8))
            .cover("0_W", Cover.axes(1));
    MultiLayerNetwork straight = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(recipe, straight, 1)) {
      optimizer.attach();
      for (int t = 0; t < 6; t++) {
        if (t == 3) {
          optimizer.save(file, Map.of("epoch", "3"));
        }
        straight.fit(Networks.data(t));
      }
    }
    MultiLayerNetwork resumed = Networks.dense(Networks.builder(new DeferredUpdater()).seed(99));
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(recipe, resumed, 2)) {
      optimizer.attach();
      assertThat(optimizer.load(file)).isEqualTo(Map.of("epoch", "3"));
      for (int t = 3; t < 6; t++) {
        resumed.fit(Networks.data(t));
      }
      assertSameBits(resumed, Networks.weights(straight));
    }
  }

  @Test
  void theAverageIsSwappedIn() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (NetworkOptimizer optimizer =
        NetworkOptimizer.bind(SM3.average(Average.polyak(0.5)), network, 1)) {
      optimizer.attach();
      network.fit(Networks.data(0));
      network.fit(Networks.data(1));
      Map<String, float[]> trained = Networks.weights(network);
      try (AverageSwap _ = optimizer.swapInAverage()) {
        assertThat(Networks.weights(network).get("0_W")).isNotEqualTo(trained.get("0_W"));
      }
      assertSameBits(network, trained);
    }
  }

  @Test
  void adafactorRuns() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (NetworkOptimizer optimizer =
        NetworkOptimizer.bind(Adafactor.learningRate(0.01), network, 1)) {
      optimizer.attach();
      Map<String, float[]> before = Networks.weights(network);
      network.fit(Networks.data(0));
      assertThat(Networks.weights(network).get("0_W")).isNotEqualTo(before.get("0_W"));
      assertThat(optimizer.accumulators("0_W")[0]).hasSize(4); // By row of the array.
    }
  }

  @Test
  void otherUpdatersAreRefused() {
    MultiLayerNetwork network =
        Networks.dense(Networks.builder(new org.nd4j.linalg.learning.config.Adam(0.1)));
    assertThatThrownBy(() -> NetworkOptimizer.bind(SM3, network, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parameter '0_W' has the updater Adam")
        .hasMessageContaining("updater(new DeferredUpdater())");
  }

  @Test
  void withoutAnOptimizerFitThrowsAndChangesNothing() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    Map<String, float[]> before = Networks.weights(network);
    assertThatThrownBy(() -> network.fit(Networks.data(0)))
        .hasMessageContaining("call attach() before fit");
    assertSameBits(network, before);
    NetworkOptimizer optimizer = NetworkOptimizer.bind(SM3, network, 1);
    optimizer.attach();
    network.fit(Networks.data(0));
    network.clear(); // DL4J drops its solver, and with it what was attached.
    Map<String, float[]> trained = Networks.weights(network);
    assertThatThrownBy(() -> network.fit(Networks.data(1))).hasMessageContaining("attach()");
    assertSameBits(network, trained);
    optimizer.attach();
    network.fit(Networks.data(1));
    assertThatThrownBy(() -> network.clone().fit(Networks.data(1)))
        .hasMessageContaining("attach()");
    network.setLearningRate(0.1); // DL4J makes its updaters anew.
    assertThatThrownBy(() -> network.fit(Networks.data(1))).hasMessageContaining("attach()");
    optimizer.attach();
    optimizer.close();
    assertThatThrownBy(() -> network.fit(Networks.data(2))).hasMessageContaining("attach()");
    assertThatThrownBy(optimizer::attach).hasMessageContaining("closed");
    assertThatThrownBy(optimizer::step).hasMessageContaining("closed");
  }

  @Test
  void closingALeftOverOptimizerLeavesTheNextOneAttached() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    NetworkOptimizer first = NetworkOptimizer.bind(SM3, network, 1);
    first.attach();
    try (NetworkOptimizer second = NetworkOptimizer.bind(SM3, network, 1)) {
      second.attach();
      first.close();
      network.fit(Networks.data(0));
      assertThat(second.core().steps()).isEqualTo(1);
    }
  }

  @Test
  void badGradientsAreRefusedBeforeAnythingChanges() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (NetworkOptimizer optimizer = NetworkOptimizer.bind(SM3, network, 1)) {
      assertThatThrownBy(optimizer::step).hasMessageContaining("computeGradientAndScore() first");
      optimizer.attach();
      Map<String, float[]> before = Networks.weights(network);
      DataSet data = Networks.data(0);
      data.getFeatures().putScalar(0, 0, Float.NaN);
      assertThatThrownBy(() -> network.fit(data)).isInstanceOf(NonFiniteGradientException.class);
      assertSameBits(network, before);
      network.fit(Networks.data(0));
      assertThat(optimizer.core().steps()).isEqualTo(1);
    }
  }

  /** DL4J gives its parameters other memory when it is initialised anew. */
  @Test
  void parametersThatMoveAreFollowed() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new DeferredUpdater()));
    try (RowMajor expected = new RowMajor(SM3, network);
        NetworkOptimizer optimizer = NetworkOptimizer.bind(SM3, network, 1)) {
      for (int t = 0; t < 3; t++) {
        if (t == 1) {
          network.setInitDone(false);
          network.init(network.params().dup(), false);
        }
        backward(network, Networks.data(t));
        expected.step(Networks.gradients(network));
        optimizer.step();
        assertSameBits(network, expected.weights);
      }
    }
  }

  @Test
  void anUninitialisedNetworkIsRefused() {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            Networks.dense(Networks.builder(new DeferredUpdater())).getLayerWiseConfigurations());
    assertThatThrownBy(() -> NetworkOptimizer.bind(SM3, network, 1))
        .hasMessageContaining("call init() first");
  }
}
