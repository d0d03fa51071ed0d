package dev.mincover.tensorflow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.testkit.GoldenSequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.GradientDescent;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

class Sm3OptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  static Stream<GoldenSequence> recorded() {
    return Stream.concat(GoldenSequence.authors().stream(), GoldenSequence.paper().stream())
        .filter(each -> each.shape().isEmpty() || each.coversSlices());
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void reproducesWhatWasRecorded(GoldenSequence sequence) {
    long[] shape = sequence.shape().stream().mapToLong(Integer::longValue).toArray();
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", floats(sequence.initialWeights()), shape);
      Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class);
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, sequence.recipe());
      Op train = sm3.applyGradients(List.of(Graphs.pair(gradient, w)), "train");
      try (Session session = new Session(graph)) {
        for (int t = 1; t <= sequence.length(); t++) {
          step(
              session, sm3, train, t, gradient, Graphs.tensor(floats(sequence.gradient(t)), shape));
          assertThat(doubles(Graphs.fetch(session, w)))
              .as("weights after step %d", t)
              .containsExactly(sequence.weights(t), within(1e-6));
        }
      }
    }
  }

  private static void step(
      Session session,
      Sm3Optimizer sm3,
      Op train,
      long t,
      Placeholder<TFloat32> gradient,
      TFloat32 values) {
    try (values;
        TFloat64 rate = sm3.rate(t)) {
      session.runner().feed(sm3.rate(), rate).feed(gradient, values).addTarget(train).run();
    }
  }

  private static float[] floats(double... values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double[] doubles(float... values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  static Stream<Sm3> recipes() {
    Sm3 one = SM3.algorithm(Sm3.Algorithm.SM3_I);
    return Stream.of(
        SM3,
        one,
        SM3.epsilon(1e-3),
        SM3.momentum(Momentum.average(0.9)),
        SM3.momentum(Momentum.heavyBall(0.5)),
        SM3.momentum(Momentum.nesterov(0.9)),
        SM3.secondMoment(SecondMoment.average(0.9)),
        one.secondMoment(SecondMoment.average(0.9)).momentum(Momentum.nesterov(0.5)),
        SM3.cover(Cover.singletons()),
        SM3.cover(Cover.whole()),
        one.cover(Cover.whole()),
        SM3.cover("m*", Cover.axes(1)),
        SM3.weightDecay(0.5),
        SM3.weightDecay(0.1).momentum(Momentum.average(0.9)).rateMultiplier("m*", 3),
        SM3.clipByValue(0.5),
        SM3.maximise(),
        SM3.guard(Guard.UNCHECKED),
        Sm3.learningRate(Schedule.constant(0.3).warmup(5, 2)));
  }

  /** Both ways in: graph operators, and core over the session's memory. */
  @ParameterizedTest
  @MethodSource("recipes")
  void hasTheBitsOfTheStepper(Sm3 recipe) {
    long[][] shapes = {{7, 5}, {3, 4, 2}, {9}, {}, {1, 33}, {0, 4}};
    String[] names = {"ma", "mb", "v", "s", "mwide", "mempty"};
    Random random = new Random(3);
    try (Graph graph = new Graph();
        Graph other = new Graph()) {
      List<GradAndVar<?>> pairs = new ArrayList<>();
      List<GradAndVar<?>> otherPairs = new ArrayList<>();
      List<Placeholder<TFloat32>> fed = new ArrayList<>();
      List<Placeholder<TFloat32>> otherFed = new ArrayList<>();
      for (int i = 0; i < names.length; i++) {
        float[] values = Graphs.gaussians(size(shapes[i]), random);
        pairs.add(pair(graph, names[i], values, shapes[i], fed));
        otherPairs.add(pair(other, names[i], values, shapes[i], otherFed));
      }
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, recipe);
      Op train = sm3.applyGradients(pairs, "train");
      try (Session session = new Session(graph);
          Session otherSession = new Session(other);
          SessionOptimizer stepper =
              SessionOptimizer.bind(recipe, otherSession, otherPairs, List.of(), 2)) {
        for (int t = 1; t <= 8; t++) {
          try (TFloat64 rate = sm3.rate(t)) {
            Session.Runner runner = session.runner().feed(sm3.rate(), rate).addTarget(train);
            Session.Runner otherRunner = otherSession.runner();
            for (int i = 0; i < names.length; i++) {
              TFloat32 gradient =
                  Graphs.tensor(Graphs.gaussians(size(shapes[i]), random), shapes[i]);
              runner.feed(fed.get(i), gradient);
              otherRunner.feed(otherFed.get(i), gradient);
            }
            runner.run();
            stepper.step(otherRunner).close();
          }
          for (String name : names) {
            assertThat(Graphs.fetch(session, name))
                .as("%s after step %d", name, t)
                .containsExactly(Graphs.fetch(otherSession, name));
          }
        }
        assertThat(sm3.stateBytes())
            .isEqualTo(stepper.core().stateBytes() - stepper.core().scratchBytes());
        for (int i = 0; i < names.length; i++) {
          List<Float> mu = new ArrayList<>();
          for (String slot :
              List.of("accumulator", "accumulator_0", "accumulator_1", "accumulator_2")) {
            sm3.getSlot(pairs.get(i).getVariable(), slot)
                .ifPresent(variable -> {
                  for (float value : Graphs.fetch(session, variable)) {
                    mu.add(value);
                  }
                });
          }
          List<Float> expected = new ArrayList<>();
          for (float[] part : stepper.core().accumulators(names[i])) {
            for (float value : part) {
              expected.add(value);
            }
          }
          assertThat(mu).as("mu of %s", names[i]).isEqualTo(expected);
        }
      }
    }
  }

  private static int size(long... shape) {
    return (int) Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  private static GradAndVar<TFloat32> pair(
      Graph graph, String name, float[] values, long[] shape, List<Placeholder<TFloat32>> fed) {
    Ops tf = Ops.create(graph);
    Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class);
    fed.add(gradient);
    return Graphs.pair(gradient, Graphs.variable(tf, name, values, shape));
  }

  @Test
  void namesOfTheStateAreTheAuthors() {
    assertThat(stateNames(SM3))
        .containsExactly("conv", "conv/SM3", "conv/SM3_1", "conv/SM3_2", "gain", "gain/SM3");
    assertThat(stateNames(SM3.momentum(Momentum.average(0.9))))
        .containsExactly(
            "conv",
            "conv/SM3",
            "conv/SM3_1",
            "conv/SM3_2",
            "conv/SM3_3",
            "gain",
            "gain/SM3",
            "gain/SM3_1");
  }

  private static List<String> stateNames(Sm3 recipe) {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> conv = Graphs.variable(tf, "conv", new float[8], 2, 2, 2);
      Variable<TFloat32> gain = Graphs.variable(tf, "gain", new float[1]);
      new Sm3Optimizer(graph, recipe)
          .minimize(tf.math.mul(tf.reduceSum(conv, tf.constant(new int[] {0, 1, 2})), gain));
      List<String> names = new ArrayList<>();
      graph
          .operations()
          .forEachRemaining(operation -> {
            if (operation.type().equals("VariableV2")) {
              names.add(operation.name());
            }
          });
      return names.stream().sorted().toList();
    }
  }

  /** TensorFlow-Java's own take every variable of the graph for a weight. */
  @Test
  void minimizeLeavesAloneWhatTheLossDoesNotDependOn() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 2}, 2);
      Variable<TFloat32> counter = Graphs.variable(tf, "counter", new float[] {7});
      var loss = tf.reduceSum(tf.math.mul(w, w), tf.constant(0));
      assertThatThrownBy(() -> new GradientDescent(graph).minimize(loss))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("unreachable");
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, SM3);
      Op train = sm3.minimize(loss);
      try (Session session = new Session(graph);
          TFloat64 rate = sm3.rate(1)) {
        session.runner().feed(sm3.rate(), rate).addTarget(train).run();
        assertThat(Graphs.fetch(session, w)).containsExactly(0.9f, 1.9f);
        assertThat(Graphs.fetch(session, counter)).containsExactly(7);
      }
    }
  }

  /** Of the loss sum(w * u) the gradient of w is u, in the variable's own memory. */
  @Test
  void aVariableThatIsAnothersGradientIsReadBeforeItChanges() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {2, 2}, 2);
      Variable<TFloat32> u = Graphs.variable(tf, "u", new float[] {3, 3}, 2);
      var loss = tf.reduceSum(tf.math.mul(w, u), tf.constant(0));
      Sm3 recipe = Sm3.learningRate(0.5).epsilon(16);
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, recipe);
      Op train = sm3.minimize(loss);
      try (Session session = new Session(graph);
          TFloat64 rate = sm3.rate(1)) {
        session.runner().feed(sm3.rate(), rate).addTarget(train).run();
        float ofW = 0.5f * (3 / 5f); // u / sqrt(9 + 16)
        float ofU = 0.5f * (2 / (float) Math.sqrt(20));
        assertThat(Graphs.fetch(session, w)).containsExactly(2 - ofW, 2 - ofW);
        assertThat(Graphs.fetch(session, u)).containsExactly(3 - ofU, 3 - ofU);
      }
    }
  }

  @Test
  void aGradientThatIsNotFiniteChangesNothing() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, 1e20f}) {
      try (Graph graph = new Graph()) {
        Ops tf = Ops.create(graph);
        Variable<TFloat32> a = Graphs.variable(tf, "a", new float[] {1, 2}, 2);
        Variable<TFloat32> b = Graphs.variable(tf, "b", new float[] {1, 2, 3, 4}, 2, 2);
        Placeholder<TFloat32> ofA = tf.placeholder(TFloat32.class);
        Placeholder<TFloat32> ofB = tf.placeholder(TFloat32.class);
        Sm3Optimizer sm3 = new Sm3Optimizer(graph, SM3.momentum(Momentum.average(0.9)));
        Op train = sm3.applyGradients(List.of(Graphs.pair(ofA, a), Graphs.pair(ofB, b)), "train");
        try (Session session = new Session(graph);
            TFloat64 rate = sm3.rate(1);
            TFloat32 good = Graphs.tensor(new float[] {1, 1}, 2);
            TFloat32 worse = Graphs.tensor(new float[] {1, bad, 1, 1}, 2, 2)) {
          Session.Runner runner =
              session.runner().feed(sm3.rate(), rate).feed(ofA, good).feed(ofB, worse);
          assertThatThrownBy(() -> runner.addTarget(train).run())
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("the gradient of variable 'b' is not finite");
          assertThat(Graphs.fetch(session, a)).containsExactly(1, 2);
          assertThat(Graphs.fetch(session, b)).containsExactly(1, 2, 3, 4);
          assertThat(Graphs.fetch(session, "a/SM3")).containsExactly(0, 0);
          assertThat(Graphs.fetch(session, "a/SM3_1")).containsExactly(0, 0);
          assertThat(Graphs.fetch(session, "b/SM3_1")).containsExactly(0, 0);
        }
      }
    }
  }

  /** Wherever it is among the others, and in whatever register. */
  @Test
  void oneGradientThatIsNotFiniteIsFoundAmongMany() {
    int n = 207;
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[3 * n], 3, n);
      Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class);
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, SM3);
      Op train = sm3.applyGradients(List.of(Graphs.pair(gradient, w)), "train");
      try (Session session = new Session(graph)) {
        for (int at = 0; at < 3 * n; at++) {
          float[] values = Graphs.gaussians(3 * n, new Random(at));
          values[at] = at % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY;
          TFloat32 bad = Graphs.tensor(values, 3, n);
          assertThatThrownBy(() -> step(session, sm3, train, 1, gradient, bad))
              .as("at %d", at)
              .isInstanceOf(IllegalArgumentException.class)
              .hasMessageContaining("is not finite");
        }
        assertThat(Graphs.fetch(session, w)).containsOnly(0);
        assertThat(Graphs.fetch(session, "w/SM3_1")).containsOnly(0);
      }
    }
  }

  @Test
  void aRunWithoutARateIsRefused() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 2}, 2);
      Op train = new Sm3Optimizer(graph, SM3).minimize(tf.reduceSum(w, tf.constant(0)));
      try (Session session = new Session(graph)) {
        assertThatThrownBy(() -> session.run(train))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining("SM3/learning_rate");
        assertThat(Graphs.fetch(session, w)).containsExactly(1, 2);
      }
    }
  }

  @Test
  void whatOperatorsDoNotDoIsRefused() {
    try (Graph graph = new Graph()) {
      refuses(graph, SM3.cover(Cover.sets(new long[] {0})), "a cover by sets");
      refuses(graph, SM3.cover("w", Cover.sets(new long[] {0})), "a cover by sets");
      refuses(
          graph,
          SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
          "momentum in INT8");
      refuses(graph, SM3.clipByGlobalNorm(1), "clipping by global norm");
      refuses(graph, SM3.guard(Guard.SKIP), "the guard SKIP");
      refuses(
          graph,
          SM3.average(dev.mincover.average.Average.polyak(0.9)),
          "an average of the weights");
    }
  }

  private static void refuses(Graph graph, Sm3 recipe, String what) {
    assertThatThrownBy(() -> new Sm3Optimizer(graph, recipe))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("the recipe has " + what)
        .hasMessageContaining("SessionOptimizer");
  }

  @Test
  void badInputIsRefusedBeforeTheGraphChanges() {
    try (Graph graph = new Graph()) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 2}, 2);
      Variable<TFloat32> m = Graphs.variable(tf, "m", new float[] {1, 2}, 1, 2);
      var half =
          tf.withName("half")
              .variable(org.tensorflow.ndarray.Shape.of(2), org.tensorflow.types.TFloat16.class);
      var resource =
          tf.withName("resource").varHandleOp(TFloat32.class, org.tensorflow.ndarray.Shape.of(2));
      var loss = tf.reduceSum(w, tf.constant(0));
      assertThatThrownBy(
              () -> new Sm3Optimizer(graph, SM3).minimize(tf.reduceSum(half, tf.constant(0))))
          .hasMessageContaining("float32 variables only");
      assertThatThrownBy(() ->
              new Sm3Optimizer(graph, SM3)
                  .minimize(
                      tf.reduceSum(tf.readVariableOp(resource, TFloat32.class), tf.constant(0))))
          .hasMessageContaining("'resource' is a resource variable");
      assertThatThrownBy(() -> new Sm3Optimizer(graph, SM3).minimize(tf.constant(1f)))
          .hasMessageContaining("can be differentiated by no variable");
      assertThatThrownBy(() ->
              new Sm3Optimizer(graph, SM3.cover("m", Cover.axes(2)))
                  .minimize(tf.reduceSum(m, tf.constant(new int[] {0, 1}))))
          .hasMessageContaining("the cover of variable 'm' names axis 2, and its rank is 2");
      assertThatThrownBy(
              () -> new Sm3Optimizer(graph, SM3.cover("q", Cover.whole())).minimize(loss))
          .hasMessageContaining("matches none");
      assertThat(graph.operation("w/SM3")).isNull();
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, SM3);
      sm3.minimize(loss);
      assertThatThrownBy(() -> sm3.minimize(loss, "again"))
          .hasMessageContaining("is in use for [w]");
      assertThatThrownBy(() -> new Sm3Optimizer(graph, SM3).minimize(loss, "other"))
          .hasMessageContaining("an operator 'w/SM3' already; give this optimizer another name");
      new Sm3Optimizer(graph, SM3, "Second").minimize(loss, "third");
      assertThat(graph.operation("w/Second")).isNotNull();
      Sm3Optimizer falling =
          new Sm3Optimizer(graph, Sm3.learningRate((Schedule) _ -> -1.0), "Third");
      assertThatThrownBy(() -> falling.rate(4)).hasMessageContaining("rate of -1.0 at step 4");
    }
  }
}
