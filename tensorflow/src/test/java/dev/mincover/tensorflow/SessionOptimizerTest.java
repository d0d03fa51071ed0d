package dev.mincover.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.NonFiniteGradientException;
import dev.mincover.RecipeChanges;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;

class SessionOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  /** A network of two layers that learns a fixed function. */
  private static final class Network implements AutoCloseable {
    final Graph graph = new Graph();
    final Placeholder<TFloat32> x;
    final Operand<TFloat32> loss;
    final Session session;
    final Placeholder<TFloat32> y;

    Network() {
      Ops tf = Ops.create(graph);
      Random random = new Random(1);
      Variable<TFloat32> w1 = Graphs.variable(tf, "w1", Graphs.gaussians(2 * 16, random), 2, 16);
      Variable<TFloat32> b1 = Graphs.variable(tf, "b1", new float[16], 16);
      Variable<TFloat32> w2 = Graphs.variable(tf, "w2", Graphs.gaussians(16, random), 16, 1);
      x = tf.placeholder(TFloat32.class, Placeholder.shape(org.tensorflow.ndarray.Shape.of(32, 2)));
      y = tf.placeholder(TFloat32.class, Placeholder.shape(org.tensorflow.ndarray.Shape.of(32, 1)));
      var hidden = tf.math.tanh(tf.math.add(tf.linalg.matMul(x, w1), b1));
      var error = tf.math.sub(tf.linalg.matMul(hidden, w2), y);
      loss = tf.math.mean(tf.math.mul(error, error), tf.constant(new int[] {0, 1}));
      session = new Session(graph);
    }

    /** Takes a step on the batch of a number; returns the loss before it. */
    float step(SessionOptimizer optimizer, long batch) {
      Random random = new Random(batch);
      float[] points = Graphs.gaussians(64, random);
      float[] values = new float[32];
      for (int i = 0; i < 32; i++) {
        values[i] = points[2 * i] * points[2 * i + 1];
      }
      try (TFloat32 fedX = Graphs.tensor(points, 32, 2);
          TFloat32 fedY = Graphs.tensor(values, 32, 1);
          Result result =
              optimizer.step(session.runner().feed(x, fedX).feed(y, fedY).fetch(loss))) {
        return Graphs.floats(result.get(0))[0];
      }
    }

    Map<String, float[]> weights() {
      Map<String, float[]> weights = new LinkedHashMap<>();
      for (String name : List.of("w1", "b1", "w2")) {
        weights.put(name, Graphs.fetch(session, name));
      }
      return weights;
    }

    @Override
    public void close() {
      session.close();
      graph.close();
    }
  }

  static Stream<Recipe> recipes() {
    return Stream.of(
        SM3,
        SM3.algorithm(Sm3.Algorithm.SM3_I),
        SM3.momentum(Momentum.nesterov(0.5)),
        SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)),
        SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
        SM3.cover("w1", Cover.axes(0)).clipByGlobalNorm(1).weightDecay(0.01),
        SM3.average(Average.polyak(0.9)),
        Sm3.adaGrad(0.1),
        Adam.learningRate(0.01),
        Adafactor.learningRate(0.1));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aTrainingLearnsAndResumesWithTheSameBits(Recipe recipe, @TempDir Path folder)
      throws IOException {
    Path file = folder.resolve("optimizer.safetensors");
    Map<String, float[]> straight;
    try (Network network = new Network();
        SessionOptimizer optimizer =
            SessionOptimizer.bind(recipe, network.session, network.loss, 2)) {
      float first = network.step(optimizer, 1);
      for (int batch = 2; batch <= 40; batch++) {
        network.step(optimizer, batch);
      }
      optimizer.save(file, Map.of("batch", "40"));
      float last = 0;
      for (int batch = 41; batch <= 80; batch++) {
        last += network.step(optimizer, batch) / 40;
      }
      assertThat(last).isLessThan(first);
      straight = network.weights();
    }
    try (Network network = new Network();
        SessionOptimizer optimizer =
            SessionOptimizer.bind(recipe, network.session, network.loss, 1)) {
      int batch = Integer.parseInt(optimizer.load(file, RecipeChanges.LEARNING_RATE).get("batch"));
      while (++batch <= 80) {
        network.step(optimizer, batch);
      }
      assertThat(network.weights()).usingRecursiveComparison().isEqualTo(straight);
      assertThat(optimizer.core().steps()).isEqualTo(80);
    }
  }

  @Test
  void weightsAreSteppedWhereTheSessionKeepsThem() {
    try (Network network = new Network();
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1);
        Result result = network.session.runner().fetch("w1").run()) {
      float[] before = Graphs.floats(result.get(0));
      network.step(optimizer, 1);
      assertThat(Graphs.floats(result.get(0)))
          .isNotEqualTo(before)
          .containsExactly(Graphs.fetch(network.session, "w1"));
    }
  }

  /** Of the loss sum(w * u) the gradient of w is u, in the variable's own memory. */
  @Test
  void aVariableThatIsAnothersGradientIsReadBeforeItChanges() {
    for (int threads = 1; threads <= 2; threads++) {
      try (Graph graph = new Graph()) {
        Ops tf = Ops.create(graph);
        Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {2, 2}, 2);
        Variable<TFloat32> u = Graphs.variable(tf, "u", new float[] {3, 3}, 2);
        var loss = tf.reduceSum(tf.math.mul(w, u), tf.constant(0));
        try (Session session = new Session(graph);
            SessionOptimizer optimizer =
                SessionOptimizer.bind(Sm3.learningRate(0.5).epsilon(16), session, loss, threads)) {
          optimizer.step(session.runner()).close();
          float ofW = 0.5f * (3 / 5f); // u / sqrt(9 + 16)
          float ofU = 0.5f * (2 / (float) Math.sqrt(20));
          assertThat(Graphs.fetch(session, w)).containsExactly(2 - ofW, 2 - ofW);
          assertThat(Graphs.fetch(session, u)).containsExactly(3 - ofU, 3 - ofU);
        }
      }
    }
  }

  /** Rows that are gathered twice have their gradients summed; all other rows have zeros. */
  @Test
  void theGradientOfGatherIsDense() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> table = Graphs.variable(tf, "table", new float[8], 4, 2);
      var rows = tf.gather(table, tf.constant(new int[] {3, 1, 3}), tf.constant(0));
      var loss = tf.reduceSum(rows, tf.constant(new int[] {0, 1}));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(Sm3.learningRate(1).epsilon(12), session, loss, 1)) {
        optimizer.step(session.runner()).close();
        float twice = -2 / 4f; // 2 / sqrt(4 + 12)
        float once = -1 / (float) Math.sqrt(13);
        assertThat(Graphs.fetch(session, table))
            .containsExactly(0, 0, once, once, 0, 0, twice, twice);
        assertThat(optimizer.core().accumulators("table")[0]).containsExactly(0, 1, 0, 4);
      }
    }
  }

  @Test
  void variablesInSixteenBitsAreStepped() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      var half =
          tf.withName("half")
              .variable(
                  tf.dtypes.cast(
                      tf.constant(new float[] {1, 2}), org.tensorflow.types.TFloat16.class));
      var brain =
          tf.withName("brain")
              .variable(
                  tf.dtypes.cast(
                      tf.constant(new float[] {1, 2}), org.tensorflow.types.TBfloat16.class));
      var sum =
          tf.math.add(tf.dtypes.cast(half, TFloat32.class), tf.dtypes.cast(brain, TFloat32.class));
      var loss = tf.reduceSum(sum, tf.constant(0));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer =
              SessionOptimizer.bind(Sm3.learningRate(0.5), session, loss, 1)) {
        optimizer.step(session.runner()).close();
        assertThat(Graphs.fetch(session, sum)).containsExactly(1, 3);
        assertThat(optimizer.core().parameters())
            .extracting("type")
            .extracting(Object::toString)
            .containsExactly("BFLOAT16", "FLOAT16");
      }
    }
  }

  @Test
  void aVariableWithoutAGradientIsFrozenAndKept(@TempDir Path folder) throws IOException {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1}, 1);
      Variable<TFloat32> mean = Graphs.variable(tf, "mean", new float[] {5}, 1);
      Graphs.variable(tf, "unrelated", new float[] {7}, 1);
      var change = tf.assign(mean, tf.constant(new float[] {6}));
      var loss = tf.reduceSum(tf.math.mul(w, tf.stopGradient(mean)), tf.constant(0));
      try (Session session = new Session(graph);
          SessionOptimizer optimizer = SessionOptimizer.bind(SM3, session, loss, 1)) {
        assertThat(optimizer.core().parameters()).extracting("name").containsExactly("w", "mean");
        optimizer.save(folder.resolve("state"));
        session.run(change);
        optimizer.step(session.runner()).close();
        assertThat(Graphs.fetch(session, mean)).containsExactly(6);
        assertThat(Graphs.fetch(session, w)).containsExactly(0.9f);
        optimizer.load(folder.resolve("state"));
        assertThat(Graphs.fetch(session, mean)).containsExactly(5);
        assertThat(Graphs.fetch(session, w)).containsExactly(1);
      }
    }
  }

  @Test
  void namedVariablesAloneAreStepped() {
    try (Network network = new Network();
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1)) {
      Map<String, float[]> before = network.weights();
      try (TFloat32 x = Graphs.tensor(Graphs.gaussians(64, new Random(2)), 32, 2);
          TFloat32 y = Graphs.tensor(new float[32], 32, 1);
          Result result =
              optimizer.step(
                  network.session.runner().feed(network.x, x).feed(network.y, y),
                  List.of("w2", "w2"))) {
        assertThat(result.size()).isEqualTo(4); // one gradient, three variables
      }
      Map<String, float[]> after = network.weights();
      assertThat(after.get("w1")).isEqualTo(before.get("w1"));
      assertThat(after.get("w2")).isNotEqualTo(before.get("w2"));
      assertThatThrownBy(() -> optimizer.step(network.session.runner(), List.of("w3")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("named 'w3'; these do: [b1, w1, w2]");
    }
  }

  @Test
  void theAverageTakesTheWeightsPlaceForRuns() {
    try (Network network = new Network();
        SessionOptimizer optimizer =
            SessionOptimizer.bind(
                SM3.average(Average.polyak(0.5)), network.session, network.loss, 1)) {
      network.step(optimizer, 1);
      network.step(optimizer, 2);
      Map<String, float[]> trained = network.weights();
      try (var _ = optimizer.swapInAverage()) {
        assertThat(network.weights().get("w2")).isNotEqualTo(trained.get("w2"));
        assertThatThrownBy(() -> network.step(optimizer, 3))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("averages are in the weights' place");
      }
      assertThat(network.weights()).usingRecursiveComparison().isEqualTo(trained);
    }
  }

  @Test
  void aGradientThatIsNotFiniteChangesNothing() {
    try (Network network = new Network();
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1)) {
      network.step(optimizer, 1);
      Map<String, float[]> before = network.weights();
      float[] bad = Graphs.gaussians(64, new Random(2));
      bad[7] = Float.NaN;
      try (TFloat32 x = Graphs.tensor(bad, 32, 2);
          TFloat32 y = Graphs.tensor(new float[32], 32, 1)) {
        Session.Runner runner = network.session.runner().feed(network.x, x).feed(network.y, y);
        assertThatThrownBy(() -> optimizer.step(runner))
            .isInstanceOf(NonFiniteGradientException.class);
      }
      assertThat(network.weights()).usingRecursiveComparison().isEqualTo(before);
    }
  }

  @Test
  void whatTheUserFetchesComesFirstEvenIfItIsBound() {
    try (Network network = new Network();
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1)) {
      float[] before = Graphs.fetch(network.session, "w2");
      try (TFloat32 x = Graphs.tensor(Graphs.gaussians(64, new Random(2)), 32, 2);
          TFloat32 y = Graphs.tensor(new float[32], 32, 1);
          Result result =
              optimizer.step(
                  network
                      .session
                      .runner()
                      .feed(network.x, x)
                      .feed(network.y, y)
                      .fetch("w2")
                      .fetch(network.loss))) {
        // A fetched variable is its memory, and so already of after the step.
        assertThat(Graphs.floats(result.get(0)))
            .isNotEqualTo(before)
            .containsExactly(Graphs.fetch(network.session, "w2"));
        assertThat(result.get(1).shape().numDimensions()).isZero();
      }
    }
  }

  @Test
  void badInputIsRefused() {
    try (Network network = new Network();
        Network other = new Network();
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1)) {
      assertThatThrownBy(() -> SessionOptimizer.bind(SM3, network.session, other.loss, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("is not an output of this graph");
      assertThatThrownBy(() -> SessionOptimizer.bind(SM3, network.session, network.loss, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("threads is 0");
      assertThatThrownBy(() -> optimizer.step(other.session.runner()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("different graph");
      var pairs = SessionOptimizer.gradients(network.graph, network.loss);
      var twice = new ArrayList<>(pairs);
      twice.add(pairs.getFirst());
      assertThatThrownBy(() -> SessionOptimizer.bind(SM3, network.session, twice, List.of(), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("variable 'b1' is given twice");
      assertThatThrownBy(
              () -> SessionOptimizer.bind(SM3, network.session, pairs, List.of(network.loss), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("only variables made by tf.variable can be bound");
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      var shape = org.tensorflow.ndarray.Shape.of(2);
      var raw = tf.withName("raw").variable(shape, TFloat32.class);
      var resource = tf.withName("resource").varHandleOp(TFloat32.class, shape);
      var twofold = tf.withName("twofold").variable(tf.constant(new double[] {1}));
      assertThatThrownBy(
              () -> SessionOptimizer.bind(SM3, session, tf.reduceSum(raw, tf.constant(0)), 1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("a variable has no value yet; run its initialiser");
      assertThatThrownBy(() ->
              SessionOptimizer.bind(
                  SM3,
                  session,
                  tf.reduceSum(tf.readVariableOp(resource, TFloat32.class), tf.constant(0)),
                  1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'resource' is a resource variable, which TensorFlow copies");
      assertThatThrownBy(() -> SessionOptimizer.bind(SM3, session, List.of(), List.of(twofold), 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("variable 'twofold' is DT_DOUBLE_REF");
    }
  }

  /** Of one graph, but with variables of its own. */
  @Test
  void aRunnerOfAnotherSessionIsRefused() {
    try (Network network = new Network();
        Session other = new Session(network.graph);
        SessionOptimizer optimizer = SessionOptimizer.bind(SM3, network.session, network.loss, 1);
        TFloat32 x = Graphs.tensor(Graphs.gaussians(64, new Random(2)), 32, 2);
        TFloat32 y = Graphs.tensor(new float[32], 32, 1)) {
      Map<String, float[]> before = network.weights();
      Session.Runner runner = other.runner().feed(network.x, x).feed(network.y, y);
      assertThatThrownBy(() -> optimizer.step(runner))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the runner is of another session");
      assertThat(network.weights()).usingRecursiveComparison().isEqualTo(before);
      network.step(optimizer, 1);
    }
  }
}
