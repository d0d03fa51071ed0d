package dev.mincover.nd4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Sm3;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Test;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/** Where ND4J surprises, and what becomes of it here. */
class Nd4jTrapsTest {

  /** Of a view, only addressPointer() is where its own elements start. */
  @Test
  void aViewIsSteppedWhereItStarts() {
    INDArray flat = Nd4j.ones(DataType.FLOAT, 10);
    INDArray view = flat.get(NDArrayIndex.interval(4, 7));
    assertThat(view.data().address()).isEqualTo(flat.data().address());
    assertThat(ArrayMemory.of(view).address()).isEqualTo(flat.data().address() + 16);
    try (ArrayOptimizer optimizer =
        ArrayOptimizer.bind(Sm3.learningRate(1), Map.of("w", view), 1)) {
      optimizer.step(Map.of("w", Nd4j.ones(DataType.FLOAT, 3)));
    }
    assertThat(Arrays4j.values(flat)).containsExactly(1, 1, 1, 1, 0, 0, 0, 1, 1, 1);
  }

  /** An empty array has no memory, and asking for its address throws. */
  @Test
  void emptyArraysAreStepped() {
    Map<String, INDArray> empty =
        Map.of("a", Nd4j.create(DataType.FLOAT, 0), "b", Nd4j.create(DataType.FLOAT, 5, 0, 3));
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(Sm3.learningRate(1), empty, 1)) {
      optimizer.step(empty);
      assertThat(optimizer.core().steps()).isOne();
    }
  }

  /** In a loop of one's own they are sums; fit has divided them when it steps. */
  @Test
  void gradientsOfDl4jAreSumsOverTheBatch() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new NoOp()));
    DataSet one = Networks.data(1);
    DataSet twice = DataSet.merge(List.of(one, one));
    network.setInput(one.getFeatures());
    network.setLabels(one.getLabels());
    network.computeGradientAndScore();
    float[] single = requireNonNull(Networks.gradients(network).get("1_b"));
    network.setInput(twice.getFeatures());
    network.setLabels(twice.getLabels());
    network.computeGradientAndScore();
    float[] doubled = requireNonNull(Networks.gradients(network).get("1_b"));
    for (int i = 0; i < single.length; i++) {
      assertThat(doubled[i]).isCloseTo(2 * single[i], within(1e-6f));
    }
  }

  /** Listeners hear of a backward pass before the updater runs: no place for an optimizer. */
  @Test
  void noListenerSeesTheGradientThatIsSubtracted() {
    MultiLayerNetwork network = Networks.dense(Networks.builder(new NoOp()));
    List<String> seen = new ArrayList<>();
    List<Float> values = new ArrayList<>();
    network.setListeners(
        new BaseTrainingListener() {
          @Override
          public void onGradientCalculation(Model model) {
            note("gradient", model);
          }

          @Override
          public void onBackwardPass(Model model) {
            note("backward", model);
          }

          @Override
          public void iterationDone(Model model, int iteration, int epoch) {
            note("done", model);
          }

          private void note(String what, Model model) {
            seen.add(what);
            values.add(requireNonNull(Networks.gradients(model).get("1_b"))[0]);
          }
        });
    network.fit(Networks.data(1));
    assertThat(seen).containsExactly("backward", "gradient", "done");
    assertThat(values.get(0)).isEqualTo(values.get(1));
    assertThat(values.get(2)).isEqualTo(values.get(0) / 5); // Of a batch of five.
  }

  /** The updaters of the first are kept, so that a new recipe needs a new graph. */
  @Test
  void aSecondTrainingConfigurationIsIgnored() {
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, 1);
    graph.placeHolder("label", DataType.FLOAT, 1);
    SDVariable w = graph.var("w", Nd4j.scalar(0f));
    in.mul(w).sum("loss");
    graph.setLossVariables("loss");
    INDArray one = Nd4j.ones(DataType.FLOAT, 1);
    Sm3Updater first = new Sm3Updater(1);
    graph.setTrainingConfig(config(first));
    graph.fit(new DataSet(one, one));
    assertThat(w.getArr().getFloat(0)).isEqualTo(-1);
    graph.setTrainingConfig(config(new Sm3Updater(0)));
    graph.fit(new DataSet(one, one));
    assertThat(w.getArr().getFloat(0)).isLessThan(-1.5f); // -1 - 1 / sqrt(2)
    float before = w.getArr().getFloat(0);
    first.setLrAndSchedule(0, null); // This is how the rate changes.
    graph.fit(new DataSet(one, one));
    assertThat(w.getArr().getFloat(0)).isEqualTo(before);
  }

  private static TrainingConfig config(IUpdater updater) {
    return new TrainingConfig.Builder()
        .updater(updater)
        .dataSetFeatureMapping("in")
        .dataSetLabelMapping("label")
        .build();
  }

  /** It has no gradient, and is none of the names that come back. */
  @Test
  void aVariableThatNoLossDependsOnStays() {
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, 1);
    SDVariable w = graph.var("w", Nd4j.scalar(0f));
    graph.var("unused", Nd4j.scalar(5f));
    in.mul(w).sum("loss");
    graph.setLossVariables("loss");
    try (ArrayOptimizer optimizer =
        ArrayOptimizer.bind(Sm3.learningRate(1).weightDecay(0.5), graph, 1)) {
      Map<String, INDArray> gradients =
          graph.calculateGradients(Map.of("in", Nd4j.ones(DataType.FLOAT, 1)), optimizer.names());
      assertThat(gradients.keySet()).isEqualTo(Set.of("w"));
      optimizer.step(gradients);
      assertThat(graph.getVariable("unused").getArr().getFloat(0)).isEqualTo(5);
    }
  }

  /** 0 stands for the time of day, in milliseconds. */
  @Test
  void seedZeroDoesNotRepeat() throws InterruptedException {
    float[] ofOne = drawn(1);
    float[] ofZero = drawn(0);
    Thread.sleep(20);
    assertThat(drawn(1)).isEqualTo(ofOne);
    assertThat(drawn(0)).isNotEqualTo(ofZero);
  }

  private static float[] drawn(long seed) {
    Nd4j.getRandom().setSeed(seed);
    return Nd4j.randn(DataType.FLOAT, 8).data().asFloat();
  }
}
