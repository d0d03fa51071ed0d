package dev.mincover.djl;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.Trainer;
import dev.mincover.NonFiniteGradientException;
import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.testkit.Floats;
import dev.mincover.testkit.Forked;
import dev.mincover.testkit.GoldenSequence;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine's operators on the CPU, against core and the recorded sequences. */
class EngineSm3Test {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);
  private static final dev.mincover.tensor.DataType FLOAT32 = dev.mincover.tensor.DataType.FLOAT32;
  private static final List<Shape> SHAPES =
      List.of(
          new Shape(),
          new Shape(1),
          new Shape(7),
          new Shape(1, 1),
          new Shape(1, 7),
          new Shape(7, 1),
          new Shape(33, 17),
          new Shape(16, 257),
          new Shape(5, 3, 4),
          new Shape(2, 9, 1, 3),
          new Shape(0, 3));

  @TempDir private Path folder;

  private final NDManager manager = NDManager.newBaseManager("PyTorch");

  @AfterEach
  void free() {
    manager.close();
  }

  static Stream<Sm3> recipes() {
    Sm3 one = SM3.algorithm(Sm3.Algorithm.SM3_I);
    return Stream.of(
        SM3,
        SM3.momentum(Momentum.average(0.9)),
        SM3.momentum(Momentum.heavyBall(0.9)),
        SM3.momentum(Momentum.nesterov(0.9)),
        SM3.secondMoment(SecondMoment.average(0.9)),
        SM3.cover(Cover.singletons()).secondMoment(SecondMoment.average(0.9)),
        SM3.cover(Cover.whole()).epsilon(1e-3),
        Sm3.adaGrad(0.1).weightDecay(0.5),
        one,
        one.secondMoment(SecondMoment.average(0.9)),
        SM3.clipByValue(0.5).weightDecay(0.01).rateMultiplier("w", 2).maximise(),
        Sm3.learningRate(Schedule.constant(0.1).warmup(3, 1)));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void stepsAreCores(Sm3 recipe) {
    for (Shape shape : SHAPES) {
      areCores(recipe, shape);
    }
  }

  @Test
  void stepsUnderChosenAxesAreCores() {
    areCores(SM3.cover(Cover.axes(0)).momentum(Momentum.average(0.5)), new Shape(7));
    areCores(SM3.cover(Cover.axes(1)), new Shape(33, 17));
    areCores(SM3.cover(Cover.axes(2, 0)), new Shape(5, 3, 4));
  }

  private void areCores(Sm3 recipe, Shape shape) {
    SplittableRandom random = new SplittableRandom(1);
    float[] initial = Floats.random(random, (int) shape.size());
    NDArray weight = manager.create(initial, shape);
    weight.setRequiresGradient(true);
    MemorySegment expected = MemorySegment.ofArray(initial.clone());
    Parameter parameter =
        new Parameter(
            "w", dev.mincover.tensor.Shape.of(shape.getShape()), expected, FLOAT32, false);
    try (EngineSm3 actual = new EngineSm3(recipe, "w", weight, 1);
        Optimizer core = Optimizer.bind(recipe, List.of(parameter), 1)) {
      for (int t = 0; t < 5; t++) {
        float[] g = Floats.random(random, (int) shape.size());
        core.step(Map.of("w", Gradient.dense(MemorySegment.ofArray(g), FLOAT32)));
        try (NDArray gradient = manager.create(g, shape)) {
          actual.step(weight, gradient);
          assertThat(gradient.toFloatArray()).isEqualTo(g);
        }
        assertClose(
            weight.toFloatArray(),
            expected.toArray(JAVA_FLOAT),
            "weights of %s after step %d".formatted(shape, t + 1));
      }
      Floats.assertEqualBits(
          Floats.concatenate(actual.accumulators()),
          Floats.concatenate(core.accumulators("w")),
          "accumulators of " + shape);
      assertThat(actual.stateBytes()).isEqualTo(core.stateBytes("w"));
    }
  }

  /** The engine's square root is not always the nearest float32, so that weights are close only. */
  private static void assertClose(float[] actual, float[] expected, String what) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i])
          .as("%s, value %d", what, i)
          .isCloseTo(expected[i], within(1e-6f * Math.max(1, Math.abs(expected[i]))));
    }
  }

  static Stream<GoldenSequence> recorded() {
    return Stream.of(GoldenSequence.authors(), GoldenSequence.paper())
        .flatMap(List::stream)
        .filter(sequence -> !(sequence.recipe().cover().of("w") instanceof Cover.Sets));
  }

  @ParameterizedTest
  @MethodSource("recorded")
  void reproducesTheRecordedSequences(GoldenSequence sequence) {
    Shape shape = new Shape(sequence.shape().stream().mapToLong(Integer::longValue).toArray());
    NDArray weight = manager.create(Floats.of(sequence.initialWeights()), shape);
    try (EngineSm3 optimizer = new EngineSm3(sequence.recipe(), "w", weight, 1)) {
      for (int t = 1; t <= sequence.length(); t++) {
        optimizer.step(weight, manager.create(Floats.of(sequence.gradient(t)), shape));
        assertThat(Floats.doubles(weight.toFloatArray()))
            .as("weights after step %d", t)
            .containsExactly(sequence.weights(t), within(1e-6));
      }
    }
  }

  @Test
  void sixteenBitWeightsAreRoundedOnce() {
    SplittableRandom random = new SplittableRandom(1);
    Shape shape = new Shape(4, 3);
    NDArray weight =
        manager.create(Floats.random(random, 12), shape).toType(DataType.FLOAT16, true);
    NDArray wide = weight.toType(DataType.FLOAT32, true);
    NDArray gradient = manager.create(Floats.random(random, 12), shape);
    Sm3 recipe = SM3.weightDecay(0.5);
    try (EngineSm3 narrow = new EngineSm3(recipe, "w", weight);
        EngineSm3 exact = new EngineSm3(recipe, "w", wide)) {
      narrow.step(weight, gradient);
      exact.step(wide, gradient);
    }
    assertThat(weight.getDataType()).isEqualTo(DataType.FLOAT16);
    assertThat(weight.toType(DataType.FLOAT32, true).toFloatArray())
        .isEqualTo(
            wide.toType(DataType.FLOAT16, true).toType(DataType.FLOAT32, true).toFloatArray());
  }

  @Test
  void badGradientsChangeNothing() {
    NDArray weight = manager.ones(new Shape(3, 2));
    NDArray bad = manager.create(new float[] {1, 1, 1, 1e30f, 1, 1}, new Shape(3, 2));
    try (EngineSm3 refusing = new EngineSm3(SM3, "w", weight);
        EngineSm3 skipping = new EngineSm3(SM3.guard(Guard.SKIP), "w", weight)) {
      assertThatThrownBy(() -> refusing.step(weight, bad))
          .isInstanceOf(NonFiniteGradientException.class)
          .hasMessageContaining("'w' is 1.0E30 at [1, 1], and its square overflows float32");
      skipping.step(weight, bad);
      assertThat(weight.toFloatArray()).containsOnly(1);
      assertThat(Floats.concatenate(refusing.accumulators())).containsOnly(0);
    }
  }

  @Test
  void whatTheOperatorsLackIsRefused() {
    NDArray weight = manager.ones(new Shape(3, 2));
    for (Recipe recipe :
        List.of(
            Adam.learningRate(0.1),
            SM3.cover(Cover.sets(new long[] {0, 1, 2, 3, 4, 5})),
            SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
            SM3.clipByGlobalNorm(1),
            SM3.average(Average.polyak(0.9)))) {
      assertThatThrownBy(() -> new EngineSm3(recipe, "w", weight))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("which is not there for parameters on cpu(); leave it out");
    }
    assertThatThrownBy(() -> new EngineSm3(SM3.cover(Cover.axes(2)), "w", weight))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("names axis 2, and its rank is 2");
  }

  /** By DJL's identifiers, and by the names of a block. */
  @Test
  void aTrainerStepsByTheEngine() {
    Map<String, float[]> expected = trained(MincoverOptimizer.builder(SM3), false);
    assertThat(trained(MincoverOptimizer.builder(SM3).alwaysByEngine(), false))
        .usingRecursiveComparison()
        .isEqualTo(expected);
    Sm3 byName = SM3.rateMultiplier("*_bias", 0);
    Map<String, float[]> actual = trained(MincoverOptimizer.builder(byName).alwaysByEngine(), true);
    assertThat(actual.get("01Linear_weight")).isEqualTo(expected.get("01Linear_weight"));
    assertThat(actual.get("01Linear_bias")).isNotEqualTo(expected.get("01Linear_bias"));
  }

  private static Map<String, float[]> trained(MincoverOptimizer.Builder builder, boolean named) {
    try (Model model = Models.model()) {
      if (named) {
        builder.optBlock(model.getBlock());
      }
      MincoverOptimizer optimizer = builder.build();
      try (Trainer trainer = Models.trainer(model, optimizer, 1)) {
        Models.backward(trainer, 0);
        trainer.step();
        assertThat(optimizer.stateBytes()).isPositive();
        return Models.weights(model.getBlock());
      }
    }
  }

  /** In the format of all others, so that a training goes on with core as well. */
  @Test
  void stateIsSavedAndRestored() throws IOException {
    Path file = folder.resolve("optimizer.safetensors");
    for (Sm3 recipe :
        List.of(SM3.momentum(Momentum.average(0.9)), SM3.cover("*weight", Cover.axes(1)))) {
      Map<String, float[]> expected;
      try (Model model = Models.model();
          MincoverOptimizer optimizer = byEngine(recipe, model);
          Trainer trainer = Models.trainer(model, optimizer, 1)) {
        for (int t = 0; t < 4; t++) {
          if (t == 2) {
            optimizer.save(file, Map.of("epoch", "2"));
          }
          Models.backward(trainer, t);
          trainer.step();
        }
        expected = Models.weights(model.getBlock());
      }
      for (boolean engine : new boolean[] {true, false}) {
        try (Model model = Models.model();
            MincoverOptimizer optimizer =
                engine ? byEngine(recipe, model) : MincoverOptimizer.of(recipe, model.getBlock());
            Trainer trainer = Models.trainer(model, optimizer, 2)) {
          assertThat(optimizer.load(file)).containsEntry("epoch", "2");
          for (int t = 2; t < 4; t++) {
            Models.backward(trainer, t);
            trainer.step();
          }
          Map<String, float[]> actual = Models.weights(model.getBlock());
          expected.forEach((name, values) -> {
            float[] now = requireNonNull(actual.get(name));
            if (engine) {
              Floats.assertEqualBits(now, values, name);
            } else {
              assertClose(now, values, name);
            }
          });
        }
      }
    }
  }

  private static MincoverOptimizer byEngine(Sm3 recipe, Model model) {
    return MincoverOptimizer.builder(recipe).optBlock(model.getBlock()).alwaysByEngine().build();
  }

  /** All temporary arrays of a step together are smaller than the gradient. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aStepTakesLessThanAGradientBesides() throws IOException, InterruptedException {
    String printed = Forked.run(StepMemory.class);
    List<Double> shares =
        printed.lines().filter(line -> line.matches("[0-9.]+")).map(Double::valueOf).toList();
    assertThat(shares)
        .as("of a gradient: %s", printed)
        .hasSize(3)
        .allSatisfy(share -> assertThat(share).isBetween(0.2, 1.0));
  }
}
