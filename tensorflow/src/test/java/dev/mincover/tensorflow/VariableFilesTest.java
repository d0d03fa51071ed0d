package dev.mincover.tensorflow;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Optimizer.GradAndVar;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Checkpoints of graphs: their own, and those of the authors' optimizer. */
class VariableFilesTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);
  private static final Sm3 MOMENTUM = SM3.momentum(Momentum.average(0.9));

  /** A graph whose gradients are fed, with its session. */
  private static final class Training implements AutoCloseable {
    final Graph graph = new Graph();
    final Session session;
    final Map<String, Placeholder<TFloat32>> gradients = new LinkedHashMap<>();
    final Sm3Optimizer sm3;
    final Op train;

    Training(Sm3 recipe, Map<String, long[]> shapes) {
      Ops tf = Ops.create(graph);
      List<GradAndVar<?>> pairs = new ArrayList<>();
      shapes.forEach((name, shape) -> {
        int slash = name.indexOf('/');
        Ops scope = slash < 0 ? tf : scope(tf, name.substring(0, slash));
        Variable<TFloat32> variable =
            Graphs.variable(scope, name.substring(slash + 1), new float[size(shape)], shape);
        Placeholder<TFloat32> gradient = tf.placeholder(TFloat32.class);
        gradients.put(variable.op().name(), gradient);
        pairs.add(Graphs.pair(gradient, variable));
      });
      sm3 = new Sm3Optimizer(graph, recipe);
      train = sm3.applyGradients(pairs, "train");
      session = new Session(graph);
    }

    private final Map<String, Ops> scopes = new LinkedHashMap<>();

    private Ops scope(Ops tf, String name) {
      return scopes.computeIfAbsent(name, tf::withSubScope);
    }

    void step(long t, Map<String, float[]> values) {
      try (TFloat64 rate = sm3.rate(t)) {
        Session.Runner runner = session.runner().feed(sm3.rate(), rate).addTarget(train);
        List<TFloat32> fed = new ArrayList<>();
        gradients.forEach((name, gradient) -> {
          TFloat32 tensor =
              Graphs.tensor(
                  requireNonNull(values.get(name)),
                  graph.operation(name).output(0).shape().asArray());
          fed.add(tensor);
          runner.feed(gradient, tensor);
        });
        runner.run();
        fed.forEach(TFloat32::close);
      }
    }

    void step(long t) {
      Random random = new Random(t);
      Map<String, float[]> values = new LinkedHashMap<>();
      gradients
          .keySet()
          .forEach(name ->
              values.put(
                  name,
                  Graphs.gaussians(
                      size(graph.operation(name).output(0).shape().asArray()), random)));
      step(t, values);
    }

    /** All variables, those of the state as well. */
    Map<String, float[]> variables() {
      Map<String, float[]> values = new LinkedHashMap<>();
      graph
          .operations()
          .forEachRemaining(operation -> {
            if (operation.type().equals("VariableV2")) {
              values.put(operation.name(), Graphs.fetch(session, operation.name()));
            }
          });
      return values;
    }

    @Override
    public void close() {
      session.close();
      graph.close();
    }
  }

  private static int size(long... shape) {
    int size = 1;
    for (long dimension : shape) {
      size *= (int) dimension;
    }
    return size;
  }

  private static final Map<String, long[]> SMALL =
      Map.of("matrix", new long[] {4, 3}, "vector", new long[] {5}, "scalar", new long[] {});

  private static Path fixture(String name) {
    try {
      return Path.of(requireNonNull(VariableFilesTest.class.getResource(name + ".index")).toURI())
          .resolveSibling(name);
    } catch (URISyntaxException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static JsonNode continued(String momentum) throws IOException {
    try (InputStream in = VariableFilesTest.class.getResourceAsStream("continued.json")) {
      return JsonMapper.shared().readTree(in).required(momentum);
    }
  }

  private static float[] floats(JsonNode node) {
    float[] values = new float[node.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) node.get(i).asDouble();
    }
    return values;
  }

  private static Map<String, long[]> shapes(JsonNode recorded) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    for (int i = 0; i < recorded.required("names").size(); i++) {
      JsonNode shape = recorded.required("shapes").get(i);
      long[] dimensions = new long[shape.size()];
      for (int axis = 0; axis < dimensions.length; axis++) {
        dimensions[axis] = shape.get(axis).asLong();
      }
      shapes.put(recorded.required("names").get(i).asString(), dimensions);
    }
    return shapes;
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0", "0.9"})
  void aTrainingOfTheAuthorsCodeGoesOn(String momentum) throws IOException {
    JsonNode recorded = continued(momentum);
    // The authors' code adds 1e-30 under the root.
    Sm3 recipe = SM3.momentum(Momentum.average(Double.parseDouble(momentum))).epsilon(1e-30);
    try (Training training = new Training(recipe, shapes(recorded))) {
      training.sm3.restore(training.session, fixture("momentum-" + momentum));
      List<String> names = new ArrayList<>(training.gradients.keySet());
      for (int t = 5; t <= 8; t++) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
          gradients.put(names.get(i), floats(recorded.required("gradients").get(t - 5).get(i)));
        }
        training.step(t, gradients);
      }
      for (int i = 0; i < names.size(); i++) {
        assertThat(Graphs.fetch(training.session, names.get(i)))
            .as(names.get(i))
            .containsExactly(floats(recorded.required("weights").get(i)), within(1e-6f));
      }
    }
  }

  @Test
  void aTrainingThatIsRestoredHasTheBitsOfOneThatWasNot(@TempDir Path folder) throws IOException {
    Path prefix = folder.resolve("model");
    Map<String, float[]> straight;
    try (Training training = new Training(MOMENTUM, SMALL)) {
      for (long t = 1; t <= 3; t++) {
        training.step(t);
      }
      training.sm3.save(training.session, prefix);
      for (long t = 4; t <= 6; t++) {
        training.step(t);
      }
      straight = training.variables();
      training.sm3.restore(training.session, prefix); // in the same session, twice
      training.sm3.restore(training.session, prefix);
      for (long t = 4; t <= 6; t++) {
        training.step(t);
      }
      assertSame(training.variables(), straight);
    }
    try (Training other = new Training(MOMENTUM, SMALL)) {
      other.sm3.restore(other.session, prefix);
      for (long t = 4; t <= 6; t++) {
        other.step(t);
      }
      assertSame(other.variables(), straight);
    }
    try (Training theirs = new Training(MOMENTUM, SMALL)) {
      theirs.session.restore(prefix.toString()); // TensorFlow-Java's own, in a new graph
      for (long t = 4; t <= 6; t++) {
        theirs.step(t);
      }
      assertSame(theirs.variables(), straight);
    }
  }

  private static void assertSame(Map<String, float[]> actual, Map<String, float[]> expected) {
    assertThat(actual.keySet()).isEqualTo(expected.keySet());
    actual.forEach(
        (name, values) -> assertThat(values).as(name).containsExactly(expected.get(name)));
  }

  /** The graph's saver is made once, and knows what was there then. */
  @Test
  void stateThatIsNewerThanTheGraphsSaverIsSavedHere(@TempDir Path folder) throws IOException {
    Path theirs = folder.resolve("theirs");
    Path ours = folder.resolve("ours");
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      Ops tf = Ops.create(graph);
      Variable<TFloat32> w = Graphs.variable(tf, "w", new float[] {1, 2}, 2);
      session.save(folder.resolve("first").toString());
      Sm3Optimizer sm3 = new Sm3Optimizer(graph, SM3);
      Op train = sm3.minimize(tf.reduceSum(w, tf.constant(0)));
      try (TFloat64 rate = sm3.rate(1)) {
        session.runner().feed(sm3.rate(), rate).addTarget(train).run();
      }
      session.save(theirs.toString());
      assertThatThrownBy(() -> sm3.restore(session, theirs))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("w/SM3 not found");
      sm3.save(session, ours);
      sm3.restore(session, ours);
      assertThat(Graphs.fetch(session, "w/SM3")).containsExactly(1, 1);
    }
  }

  @Test
  void whatDoesNotFitChangesNothing(@TempDir Path folder) throws IOException {
    Path plain = folder.resolve("plain");
    Path momentum = folder.resolve("momentum");
    Path wide = folder.resolve("wide");
    save(SM3, SMALL, plain);
    save(MOMENTUM, SMALL, momentum);
    save(
        SM3,
        Map.of("matrix", new long[] {4, 7}, "vector", new long[] {5}, "scalar", new long[] {}),
        wide);
    Path damaged = folder.resolve("damaged");
    Files.writeString(
        folder.resolve("damaged.index"),
        "no checkpoint, but a text of some length, which is what it is, and so on");
    try (Training training = new Training(SM3, SMALL)) {
      training.step(1);
      Map<String, float[]> before = training.variables();
      assertThatThrownBy(() -> training.sm3.restore(training.session, momentum))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("more state than this recipe");
      assertThatThrownBy(() -> training.sm3.restore(training.session, wide))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("variable 'matrix' has the shape [4, 3], and [4, 7] in checkpoint");
      assertThatThrownBy(() -> training.sm3.restore(training.session, folder.resolve("none")))
          .isInstanceOf(NoSuchFileException.class)
          .hasMessageContaining("no checkpoint starts with");
      assertThatThrownBy(() -> training.sm3.restore(training.session, damaged))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot read checkpoint");
      assertSame(training.variables(), before);
    }
    try (Training training = new Training(MOMENTUM, SMALL)) {
      training.step(1);
      Map<String, float[]> before = training.variables();
      assertThatThrownBy(() -> training.sm3.restore(training.session, plain))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("not found in checkpoint")
          .hasMessageContaining("a recipe with momentum has more state");
      assertSame(training.variables(), before);
      Files.writeString(folder.resolve("file"), "");
      assertThatThrownBy(() -> training.sm3.save(training.session, folder.resolve("file/model")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot write checkpoint");
    }
    try (Graph graph = new Graph();
        Session session = new Session(graph)) {
      assertThatThrownBy(() -> new Sm3Optimizer(graph, SM3).save(session, plain))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("call minimize first");
    }
  }

  private static void save(Sm3 recipe, Map<String, long[]> shapes, Path prefix) throws IOException {
    try (Training training = new Training(recipe, shapes)) {
      training.step(1);
      training.sm3.save(training.session, prefix);
    }
  }
}
