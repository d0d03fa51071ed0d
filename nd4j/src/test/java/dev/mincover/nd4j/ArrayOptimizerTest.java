package dev.mincover.nd4j;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.AverageSwap;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import dev.mincover.testkit.Floats;
import dev.mincover.testkit.Forked;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.memory.conf.WorkspaceConfiguration;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Arrays and the variables of graphs, in loops of one's own. */
class ArrayOptimizerTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  private static INDArray random(long seed, char order, long... shape) {
    int size = (int) Shape.of(shape).size();
    return Arrays4j.array(Floats.random(new SplittableRandom(seed), size), order, shape);
  }

  /** What ND4J stores in 16 bits is what core means by the same names. */
  @ParameterizedTest
  @EnumSource(names = {"BFLOAT16", "HALF"})
  void sixteenBitWeightsHaveTheBitsOfCore(DataType type) {
    INDArray weights = random(1, 'c', 9, 33).div(1000).castTo(type);
    INDArray gradient = random(2, 'c', 9, 33).div(1000).castTo(type);
    dev.mincover.tensor.DataType stored =
        type == DataType.BFLOAT16
            ? dev.mincover.tensor.DataType.BFLOAT16
            : dev.mincover.tensor.DataType.FLOAT16;
    MemorySegment copy =
        MemorySegment.ofArray(ArrayMemory.of(weights).toArray(JAVA_SHORT_UNALIGNED));
    MemorySegment given =
        MemorySegment.ofArray(ArrayMemory.of(gradient).toArray(JAVA_SHORT_UNALIGNED));
    Parameter parameter = Parameter.of("w", Shape.of(9, 33), copy, stored);
    try (Optimizer core = Optimizer.bind(SM3, List.of(parameter));
        ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", weights), 1)) {
      for (int t = 0; t < 3; t++) {
        core.step(Map.of("w", Gradient.dense(given, stored)));
        optimizer.step(Map.of("w", gradient));
      }
      assertThat(ArrayMemory.of(weights).mismatch(copy)).isEqualTo(-1);
      // A number that ND4J reads as core does.
      float first = Float.float16ToFloat(copy.get(JAVA_SHORT_UNALIGNED, 0));
      if (type == DataType.FLOAT16) {
        assertThat(weights.getFloat(0, 0)).isEqualTo(first);
      }
    }
  }

  /** Two layers, the second with weights in 'f' order, and a variable that no loss depends on. */
  private static SameDiff graph() {
    SameDiff graph = SameDiff.create();
    SDVariable in = graph.placeHolder("in", DataType.FLOAT, -1, 4);
    SDVariable label = graph.placeHolder("label", DataType.FLOAT, -1, 2);
    SDVariable w0 = graph.var("w0", random(1, 'c', 4, 3).div(100));
    SDVariable b0 = graph.var("b0", random(2, 'c', 3).div(100));
    SDVariable w1 = graph.var("w1", random(3, 'f', 3, 2).div(100));
    graph.var("unused", random(4, 'c', 3, 2));
    graph.constant("constant", random(5, 'c', 3, 2));
    SDVariable hidden = graph.math.tanh(in.mmul(w0).add(b0));
    graph.loss.meanSquaredError("loss", label, hidden.mmul(w1), null);
    graph.setLossVariables("loss");
    return graph;
  }

  private static Map<String, INDArray> batch(long seed) {
    return Map.of("in", random(seed, 'c', 5, 4).div(100), "label", random(-seed, 'c', 5, 2));
  }

  private static Map<String, INDArray> gradients(SameDiff graph, long seed) {
    return graph.calculateGradients(batch(seed), "w0", "b0", "w1");
  }

  @Test
  void aGraphIsSteppedWithTheBitsOfCore() {
    Sm3 recipe = SM3.momentum(Momentum.average(0.9)).weightDecay(0.1, "b*");
    SameDiff graph = graph();
    float[] w0 = Arrays4j.values(graph.getVariable("w0").getArr());
    float[] w1 = Arrays4j.values(graph.getVariable("w1").getArr());
    assertThat(graph.getVariable("w1").getArr().ordering()).isEqualTo('f');
    try (Optimizer core =
            Optimizer.bind(
                recipe, List.of(Parameter.of("w0", w0, 4, 3), Parameter.of("w1", w1, 3, 2)));
        ArrayOptimizer optimizer =
            ArrayOptimizer.bind(recipe.weightDecay(0.1, "b*", "unused"), graph, 1)) {
      assertThat(optimizer.names()).containsExactlyInAnyOrder("w0", "b0", "w1", "unused");
      for (int t = 1; t <= 4; t++) {
        Map<String, INDArray> gradients = gradients(graph, t);
        core.step(
            Map.of(
                "w0", Gradient.dense(Arrays4j.values(requireNonNull(gradients.get("w0")))),
                "w1", Gradient.dense(Arrays4j.values(requireNonNull(gradients.get("w1"))))));
        optimizer.step(gradients);
        Floats.assertEqualBits(Arrays4j.values(graph.getVariable("w0").getArr()), w0, "w0");
        Floats.assertEqualBits(Arrays4j.values(graph.getVariable("w1").getArr()), w1, "w1");
      }
      assertThat(optimizer.core().progress().stepsByParameter().get("unused")).isZero();
    }
  }

  @Test
  void theLossFalls() {
    SameDiff graph = graph();
    Map<String, INDArray> batch =
        Map.of("in", random(1, 'c', 5, 4).div(100), "label", Nd4j.ones(DataType.FLOAT, 5, 2));
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, graph, 1)) {
      double before = loss(graph, batch);
      for (int t = 0; t < 100; t++) {
        optimizer.step(graph.calculateGradients(batch, optimizer.names()));
      }
      double after = loss(graph, batch);
      assertThat(after).isLessThan(0.9 * before);
    }
  }

  private static double loss(SameDiff graph, Map<String, INDArray> batch) {
    return requireNonNull(graph.output(batch, "loss").get("loss")).getDouble(0);
  }

  @Test
  void aVariableThatIsReplacedIsFollowed() {
    SameDiff graph = graph();
    SameDiff stays = graph();
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, graph, 1);
        ArrayOptimizer expected = ArrayOptimizer.bind(SM3, stays, 1)) {
      for (int t = 1; t <= 3; t++) {
        graph.associateArrayWithVariable(
            graph.getVariable("w0").getArr().dup(), graph.getVariable("w0"));
        optimizer.step(gradients(graph, t));
        expected.step(gradients(stays, t));
      }
      assertThat(graph.getVariable("w0").getArr()).isEqualTo(stays.getVariable("w0").getArr());
      graph.associateArrayWithVariable(
          graph.getVariable("w0").getArr().dup('f'), graph.getVariable("w0"));
      assertThatThrownBy(() -> optimizer.step(gradients(graph, 4)))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("'w0' is now FLOAT [4, 3] in order 'f'")
          .hasMessageContaining("bind again");
    }
  }

  static Stream<Recipe> recipes() {
    Momentum momentum = Momentum.average(0.9);
    return Stream.of(
        Sm3.learningRate(Schedule.constant(0.1).warmup(5, 2)),
        SM3.momentum(momentum),
        SM3.momentum(momentum.stored(Momentum.Format.BFLOAT16)),
        SM3.momentum(momentum.stored(Momentum.Format.INT8)),
        Adafactor.learningRate(0.01));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aResumedTrainingHasTheSameBits(Recipe recipe, @TempDir Path folder) throws Exception {
    Path file = folder.resolve("state.safetensors");
    INDArray straight = random(1, 'f', 9, 33);
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(recipe, Map.of("w", straight), 1)) {
      for (int t = 0; t < 6; t++) {
        if (t == 3) {
          optimizer.save(file, Map.of("epoch", "3"));
        }
        optimizer.step(Map.of("w", random(10 + t, 'f', 9, 33)));
      }
    }
    INDArray resumed = Nd4j.zeros(DataType.FLOAT, 9, 33).dup('f');
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(recipe, Map.of("w", resumed), 2)) {
      assertThat(optimizer.load(file)).isEqualTo(Map.of("epoch", "3"));
      for (int t = 3; t < 6; t++) {
        optimizer.step(Map.of("w", random(10 + t, 'f', 9, 33)));
      }
    }
    Floats.assertEqualBits(Arrays4j.values(resumed), Arrays4j.values(straight), "weights");
  }

  /** A checkpoint is core's own: core goes on with it, over the matrix as it lies. */
  @Test
  void coreGoesOnWithACheckpoint(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("state.safetensors");
    INDArray weights = random(1, 'f', 3, 2);
    INDArray gradient = random(2, 'f', 3, 2);
    float[] transposed = new float[6];
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", weights), 1);
        Optimizer core = Optimizer.bind(SM3, List.of(Parameter.of("w", transposed, 2, 3)))) {
      optimizer.step(Map.of("w", gradient));
      optimizer.save(file);
      core.load(file);
      core.step(Map.of("w", Gradient.dense(Arrays4j.values(gradient.transpose()))));
      optimizer.step(Map.of("w", gradient));
    }
    assertThat(transposed).isEqualTo(Arrays4j.values(weights.transpose()));
  }

  @Test
  void aDamagedFileChangesNothing(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("state.safetensors");
    INDArray weights = random(1, 'c', 3, 2);
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", weights), 1)) {
      optimizer.save(file);
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length - 1] ^= 1;
      Files.write(file, bytes);
      INDArray before = weights.dup();
      assertThatThrownBy(() -> optimizer.load(file)).hasMessageContaining("state.safetensors");
      assertThat(weights).isEqualTo(before);
    }
  }

  @Test
  void theAverageIsSwappedIn() {
    INDArray weights = random(1, 'f', 3, 2);
    Sm3 recipe = SM3.average(Average.polyak(0.5));
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(recipe, Map.of("w", weights), 1)) {
      optimizer.step(Map.of("w", random(2, 'f', 3, 2)));
      optimizer.step(Map.of("w", random(3, 'f', 3, 2)));
      INDArray trained = weights.dup();
      try (AverageSwap _ = optimizer.swapInAverage()) {
        assertThat(weights).isNotEqualTo(trained);
        assertThatThrownBy(() -> optimizer.step(Map.of())).hasMessageContaining("averages");
      }
      assertThat(weights).isEqualTo(trained);
    }
  }

  @Test
  void arraysThatCannotBeSteppedAreRefused() {
    refuses(Nd4j.ones(DataType.DOUBLE, 2, 2), "is DOUBLE", "castTo(DataType.FLOAT)");
    refuses(Nd4j.ones(DataType.INT32, 2, 2), "is INT", "castTo");
    INDArray large = Nd4j.ones(DataType.FLOAT, 5, 5);
    refuses(large.getColumn(2), "gaps between its elements", "dup()");
    refuses(large.get(NDArrayIndex.interval(1, 3), NDArrayIndex.interval(1, 3)), "gaps", "dup()");
    INDArray closed = Nd4j.ones(DataType.FLOAT, 2, 2);
    closed.close();
    refuses(closed, "was closed", "close the optimizer first");
    WorkspaceConfiguration small = WorkspaceConfiguration.builder().initialSize(1 << 16).build();
    try (MemoryWorkspace _ =
        Nd4j.getWorkspaceManager().getAndActivateWorkspace(small, "ArrayOptimizerTest")) {
      refuses(Nd4j.createUninitialized(DataType.FLOAT, 2, 2), "workspace", "detach()");
    }
  }

  private static void refuses(INDArray array, String why, String remedy) {
    assertThatThrownBy(() -> ArrayOptimizer.bind(SM3, Map.of("w", array), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'w'")
        .hasMessageContaining(why)
        .hasMessageContaining(remedy);
  }

  @Test
  void arraysThatShareMemoryAreRefused() {
    INDArray array = Nd4j.ones(DataType.FLOAT, 4, 2);
    INDArray part = array.get(NDArrayIndex.interval(1, 3), NDArrayIndex.all());
    assertThatThrownBy(() -> ArrayOptimizer.bind(SM3, Map.of("a", array, "b", part), 1))
        .hasMessageContaining("share memory");
  }

  @Test
  void badGradientsAreRefusedBeforeAnythingChanges() {
    INDArray weights = random(1, 'c', 3, 2);
    INDArray before = weights.dup();
    try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", weights), 1)) {
      INDArray good = random(2, 'c', 3, 2);
      assertThatThrownBy(() -> optimizer.step(Map.of("v", good)))
          .hasMessageContaining("no parameter that learns is named 'v'; these do: [w]");
      assertThatThrownBy(() -> optimizer.step(Map.of("w", good.transpose())))
          .hasMessageContaining("is FLOAT [2, 3]; it must be FLOAT, BFLOAT16 or FLOAT16 [3, 2]");
      assertThatThrownBy(() -> optimizer.step(Map.of("w", good.castTo(DataType.DOUBLE))))
          .hasMessageContaining("is DOUBLE [3, 2]");
      INDArray infinite = good.dup().putScalar(1, 0, Float.POSITIVE_INFINITY);
      assertThatThrownBy(() -> optimizer.step(Map.of("w", infinite)))
          .isInstanceOf(NonFiniteGradientException.class);
      INDArray freed = good.dup();
      freed.close();
      assertThatThrownBy(() -> optimizer.step(Map.of("w", freed)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the gradient of parameter 'w' was closed");
      assertThat(weights).isEqualTo(before);
      assertThat(optimizer.core().steps()).isZero();
      optimizer.step(Map.of("w", good));
      assertThat(weights).isNotEqualTo(before);
    }
  }

  /** In a process of its own: a step over freed memory might end it. */
  @Test
  void closedArraysAreRefusedAtTheNextStep() throws Exception {
    assertThat(Forked.run(StepAfterClose.class))
        .contains("own: the array of parameter 'w' was closed")
        .contains("parent: the array of parameter 'w' was closed")
        .contains("not held: stepped");
  }

  /** Prints what a step says when an array or what it is a view of was closed. */
  static final class StepAfterClose {
    /** Without arguments. */
    public static void main(String[] arguments) {
      INDArray own = Nd4j.ones(DataType.FLOAT, 1000, 1000);
      try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", own), 1)) {
        INDArray gradient = Nd4j.ones(DataType.FLOAT, 1000, 1000);
        optimizer.step(Map.of("w", gradient));
        own.close();
        print("own", () -> optimizer.step(Map.of("w", gradient)));
        print("own", () -> optimizer.save(Path.of("never")));
      }
      INDArray parent = Nd4j.ones(DataType.FLOAT, 1100, 1000);
      INDArray view = parent.get(NDArrayIndex.interval(100, 1100), NDArrayIndex.all());
      try (ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", view), 1)) {
        INDArray gradient = Nd4j.ones(DataType.FLOAT, 1000, 1000);
        optimizer.step(Map.of("w", gradient));
        parent.close();
        print("parent", () -> optimizer.step(Map.of("w", gradient)));
      }
      try (ArrayOptimizer optimizer =
          ArrayOptimizer.bind(SM3, Map.of("w", Nd4j.ones(DataType.FLOAT, 1000, 1000)), 1)) {
        for (int i = 0; i < 50; i++) {
          System.gc(); // ND4J frees the memory of arrays that nobody holds.
          INDArray gradient = Nd4j.ones(DataType.FLOAT, 1000, 1000);
          print(i == 49 ? "not held" : null, () -> optimizer.step(Map.of("w", gradient)));
        }
      }
    }

    private interface Action {
      void run() throws Exception;
    }

    private static void print(@Nullable String what, Action action) {
      String result = "stepped";
      try {
        action.run();
      } catch (Exception refused) {
        result = String.valueOf(refused.getMessage());
      }
      if (what != null) {
        System.out.println(what + ": " + result);
      }
    }
  }

  /**
   * ND4J frees the memory of an array that nobody holds, and compiled code holds a gradient no
   * longer than until its address is known. In a process of its own: it would read freed memory.
   */
  @Test
  void gradientsLiveUntilTheStepIsDone() throws Exception {
    assertThat(Forked.run(StepsWhileCollecting.class)).contains("all weights are equal");
  }

  /** Prints the range of weights after steps from gradients that only the step holds. */
  static final class StepsWhileCollecting {

    private static final int STEPS = 10;

    /** Without arguments. */
    public static void main(String[] arguments) {
      INDArray one = Nd4j.zeros(DataType.FLOAT, 1, 1);
      INDArray held = Nd4j.ones(DataType.FLOAT, 1, 1);
      INDArray many = Nd4j.zeros(DataType.FLOAT, 2000, 1000);
      try (ArrayOptimizer warm = ArrayOptimizer.bind(SM3, Map.of("w", held.dup()), 1)) {
        for (int i = 0; i < 5_000; i++) { // Until the step is compiled.
          warm.step(Map.of("w", held));
        }
      }
      Thread collector =
          new Thread(() -> {
            while (true) {
              System.gc();
            }
          });
      collector.setDaemon(true);
      collector.start();
      try (ArrayOptimizer ofOne = ArrayOptimizer.bind(SM3, Map.of("w", one), 1);
          ArrayOptimizer ofMany = ArrayOptimizer.bind(SM3, Map.of("w", many), 1)) {
        for (int i = 0; i < STEPS; i++) {
          ofOne.step(Map.of("w", held));
          ofMany.step(Map.of("w", Nd4j.ones(DataType.FLOAT, 2000, 1000)));
        }
      }
      boolean equal =
          many.minNumber().floatValue() == one.getFloat(0)
              && many.maxNumber().floatValue() == one.getFloat(0);
      System.out.println(equal ? "all weights are equal" : "weights differ");
    }
  }

  @Test
  void aClosedOptimizerIsRefused() {
    ArrayOptimizer optimizer = ArrayOptimizer.bind(SM3, Map.of("w", random(1, 'c', 3, 2)), 1);
    optimizer.close();
    optimizer.close();
    assertThatThrownBy(() -> optimizer.step(Map.of())).hasMessageContaining("closed");
    assertThatThrownBy(() -> optimizer.accumulators("w")).hasMessageContaining("closed");
    assertThat(Arrays.asList(optimizer.names().toArray())).containsExactly("w");
  }
}
