package dev.mincover.testkit;

import static dev.mincover.testkit.Floats.assertEqualBits;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The number of threads never shows: equal bits, with tensors and sparse gradients of more than
 * 65,536 values, which are cut into parts.
 */
class CoreThreadsTest {

  private static final int STEPS = 3;

  private static final Tensor TALL = new Tensor("tall", DataType.FLOAT32, 900, 83);
  private static final Tensor DEEP = new Tensor("deep", DataType.FLOAT32, 40, 5, 400);

  /** Cut by rows, by columns, by folded rows, as a vector; or not at all. */
  private static final List<Tensor> TENSORS =
      List.of(
          TALL,
          new Tensor("wide", DataType.BFLOAT16, 5, 17_000),
          new Tensor("folded", DataType.FLOAT16, 1500, 2, 3, 9),
          DEEP,
          new Tensor("vector", DataType.BFLOAT16, 80_021),
          new Tensor("small", DataType.FLOAT32, 6, 7));

  private static final class Tensor {
    final String name;

    /** Where it has 16 bits, every weight is rounded by random bits of its own. */
    final DataType type;

    final int[] shape;
    final int size;

    Tensor(String name, DataType type, int... shape) {
      this.name = name;
      this.type = type;
      this.shape = shape;
      size = Arrays.stream(shape).reduce(1, Math::multiplyExact);
    }

    /** All but few rows, some of them twice, in no order. */
    RandomSparse.Rows rows(SplittableRandom random) {
      int height = shape[0];
      long[] rows = random.ints(height, 0, height).mapToLong(row -> row).toArray();
      for (int i = 0; i < height; i++) {
        if (random.nextInt(8) != 0) {
          rows[i] = (i * 7L + 3) % height;
        }
      }
      return new RandomSparse.Rows(rows, Floats.random(random, size));
    }
  }

  static Stream<Sm3> recipes() {
    Sm3 plain = Sm3.learningRate(0.1);
    Sm3 average = plain.secondMoment(SecondMoment.average(0.9));
    return Stream.of(
        plain,
        average,
        average.algorithm(Algorithm.SM3_I),
        plain.momentum(Momentum.nesterov(0.9)).weightDecay(0.1),
        plain.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
        plain.momentum(Momentum.heavyBall(0.9).stored(Momentum.Format.BFLOAT16)),
        plain.clipByGlobalNorm(1).average(Average.polyak(0.9)),
        plain.clipByValue(0.5).maximise(),
        average.cover(Cover.singletons()),
        average.cover(Cover.whole()),
        average.cover(Cover.axes(0)),
        average.cover("tall", sets(TALL)).algorithm(Algorithm.SM3_I),
        plain.cover("deep", sets(DEEP)).cover("wide", Cover.axes(1)));
  }

  private static Cover sets(Tensor tensor) {
    return OracleTerms.sets(RandomRun.randomCover(5, tensor.size));
  }

  private static final long SEED = 11;

  private static final Map<Tensor, float[]> WEIGHTS = new LinkedHashMap<>();

  private static final List<Map<String, Gradient>> GRADIENTS = new ArrayList<>();

  @BeforeAll
  static void makeTheRunThatAllRecipesTake() {
    var random = new SplittableRandom(SEED);
    for (Tensor tensor : TENSORS) {
      WEIGHTS.put(tensor, Floats.random(random, tensor.size));
    }
    for (int t = 0; t < STEPS; t++) {
      Map<String, Gradient> gradients = new HashMap<>();
      int turn = t;
      for (Tensor tensor : TENSORS) {
        // Dense once, sparse twice; different tensors at different steps.
        boolean dense = turn++ % 3 == 0;
        gradients.put(
            tensor.name,
            dense
                ? Gradient.dense(Floats.random(random, tensor.size))
                : tensor.rows(random).gradient(DataType.FLOAT32));
      }
      GRADIENTS.add(gradients);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void threadsDoNotShow(Sm3 plain) {
    Sm3 recipe = plain.rounding(Rounding.stochastic(SEED));
    var builder = new CoreRun.Builder();
    WEIGHTS.forEach(
        (tensor, weights) -> builder.add(tensor.name, tensor.type, weights, tensor.shape));
    try (var one = builder.bind(recipe, 1);
        var two = builder.bind(recipe, 2);
        var three = builder.bind(recipe, 3)) {
      for (Map<String, Gradient> gradients : GRADIENTS) {
        Map<String, Gradient> step = new HashMap<>(gradients);
        if (recipe.momentum().format() == Momentum.Format.INT8) {
          step.remove("vector"); // Its rows would share scales, which is refused.
        }
        one.step(step);
        two.step(step);
        three.step(step);
      }
      for (Tensor tensor : TENSORS) {
        String name = tensor.name;
        for (CoreRun several : List.of(two, three)) {
          String what =
              "%s of %s, %d threads"
                  .formatted(name, several.parameter(name).type(), several == two ? 2 : 3);
          assertEqualBits(several.weights(name), one.weights(name), "weights of " + what);
          assertEqualBits(several.mu(name), one.mu(name), "mu of " + what);
        }
      }
    }
  }
}
