package dev.mincover.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.Optimizer;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import dev.mincover.testkit.Floats;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Arrays in 'f' order and permuted ones have the bits of those in 'c' order. */
class MemoryOrderTest {

  private static final Sm3 SM3 = Sm3.learningRate(0.1);

  private static final List<long[]> SHAPES =
      List.of(
          new long[] {7, 5},
          new long[] {1, 9},
          new long[] {9, 1},
          new long[] {1, 1},
          new long[] {33, 300},
          new long[] {4, 3, 2},
          new long[] {4, 1, 3},
          new long[] {3, 70, 5},
          new long[] {2, 3, 4, 5});

  static Stream<Recipe> recipes() {
    Momentum momentum = Momentum.average(0.9);
    return Stream.of(
        SM3,
        SM3.algorithm(Sm3.Algorithm.SM3_I),
        SM3.momentum(momentum),
        SM3.momentum(momentum.stored(Momentum.Format.BFLOAT16)),
        SM3.secondMoment(SecondMoment.average(0.9)).momentum(Momentum.nesterov(0.5)),
        SM3.cover(Cover.axes(0)),
        SM3.cover(Cover.axes(1)),
        SM3.cover(Cover.axes(1, 0)),
        SM3.cover(Cover.singletons()),
        SM3.cover(Cover.whole()),
        SM3.weightDecay(0.1).clipByValue(0.5).epsilon(1e-3),
        Sm3.adaGrad(0.1),
        Adam.learningRate(0.01));
  }

  /** How an array can lie: every permutation of its axes. */
  static List<int[]> permutations(int rank) {
    if (rank == 0) {
      return List.of(new int[0]);
    }
    return permutations(rank - 1).stream()
        .flatMap(shorter ->
            IntStream.range(0, rank)
                .mapToObj(at ->
                    IntStream.range(0, rank)
                        .map(i -> i == at ? rank - 1 : shorter[i < at ? i : i - 1])
                        .toArray()))
        .toList();
  }

  /** An array of these values in row-major order, whose axes lie in memory as given. */
  private static INDArray laid(float[] values, int[] outermostFirst, long... shape) {
    long[] inMemory = Arrays.stream(outermostFirst).mapToLong(axis -> shape[axis]).toArray();
    int[] back =
        IntStream.range(0, shape.length)
            .boxed()
            .sorted(Comparator.comparingInt(place -> outermostFirst[place]))
            .mapToInt(Integer::intValue)
            .toArray();
    INDArray array = Arrays4j.view(new float[values.length], 'c', inMemory).permute(back);
    assertThat(array.shape()).isEqualTo(shape);
    array.assign(Arrays4j.array(values, 'c', shape));
    return array;
  }

  /** Core over arrays on the heap, which knows nothing of ND4J. */
  @ParameterizedTest
  @MethodSource("recipes")
  void everyOrderGivesTheBitsOfCoreInRowMajorOrder(Recipe recipe) {
    for (long[] shape : SHAPES) {
      int size = (int) Shape.of(shape).size();
      SplittableRandom random = new SplittableRandom(size);
      float[] initial = Floats.random(random, size);
      float[] gradient = Floats.random(random, size);
      float[] second = Floats.random(random, size);
      float[] expected = initial.clone();
      try (Optimizer core = Optimizer.bind(recipe, List.of(Parameter.of("w", expected, shape)))) {
        core.step(Map.of("w", Gradient.dense(gradient)));
        core.step(Map.of("w", Gradient.dense(second)));
        for (int[] order : permutations(shape.length)) {
          String what = "%s as %s".formatted(Arrays.toString(shape), Arrays.toString(order));
          INDArray weights = laid(initial, order, shape);
          try (ArrayOptimizer optimizer = ArrayOptimizer.bind(recipe, Map.of("w", weights), 2)) {
            optimizer.step(Map.of("w", laid(gradient, order, shape)));
            // A gradient in another order than the weights.
            optimizer.step(Map.of("w", Arrays4j.array(second, 'f', shape)));
            Floats.assertEqualBits(Arrays4j.values(weights), expected, what);
            assertThat(optimizer.accumulators("w")).as(what).isDeepEqualTo(core.accumulators("w"));
          }
        }
      }
    }
  }

  @Test
  void setsKeepTheirMembers() {
    Sm3 recipe = SM3.cover(Cover.sets(new long[] {0, 1, 5}, new long[] {2, 3, 4, 5}));
    float[] initial = {1, 2, 3, 4, 5, 6};
    float[] gradient = {1, -2, 4, 8, 16, -32};
    float[] expected = initial.clone();
    try (Optimizer core = Optimizer.bind(recipe, List.of(Parameter.of("w", expected, 2, 3)))) {
      core.step(Map.of("w", Gradient.dense(gradient)));
      INDArray weights = Arrays4j.array(initial, 'f', 2, 3);
      try (ArrayOptimizer optimizer = ArrayOptimizer.bind(recipe, Map.of("w", weights), 1)) {
        optimizer.step(Map.of("w", Arrays4j.array(gradient, 'f', 2, 3)));
        assertThat(Arrays4j.values(weights)).isEqualTo(expected);
        assertThat(optimizer.accumulators("w")).isDeepEqualTo(core.accumulators("w"));
      }
    }
  }

  /** Blocks of int8 momentum are of neighbours in memory: those of the transposed matrix. */
  @Test
  void int8MomentumIsThatOfTheMatrixAsItLies() {
    Sm3 recipe = SM3.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8));
    SplittableRandom random = new SplittableRandom(1);
    INDArray weights = Arrays4j.array(Floats.random(random, 40 * 30), 'f', 40, 30);
    INDArray transposed = weights.transpose().dup('c');
    try (ArrayOptimizer columns = ArrayOptimizer.bind(recipe, Map.of("w", weights), 1);
        ArrayOptimizer rows = ArrayOptimizer.bind(recipe, Map.of("w", transposed), 1)) {
      for (int t = 0; t < 4; t++) {
        INDArray gradient = Arrays4j.array(Floats.random(random, 40 * 30), 'f', 40, 30);
        columns.step(Map.of("w", gradient));
        rows.step(Map.of("w", gradient.transpose()));
      }
      Floats.assertEqualBits(
          Arrays4j.values(weights.transpose()), Arrays4j.values(transposed), "weights");
    }
  }

  @Test
  void coversThatDoNotFitAreRefusedInTheWordsOfTheArray() {
    Map<String, INDArray> arrays = Map.of("w", Arrays4j.array(new float[6], 'f', 2, 3));
    assertThatThrownBy(() -> ArrayOptimizer.bind(SM3.cover(Cover.axes(2)), arrays, 1))
        .hasMessage("the cover of parameter 'w' names axis 2; its shape is [2, 3]");
    Sm3 outside = SM3.cover(Cover.sets(new long[] {0, 1, 2, 3, 4, 5, 6}));
    assertThatThrownBy(() -> ArrayOptimizer.bind(outside, arrays, 1))
        .hasMessageContaining("names position 6; its shape [2, 3] has positions 0 to 5");
    Map<String, INDArray> starred = new LinkedHashMap<>();
    starred.put("w*", Arrays4j.array(new float[6], 'f', 2, 3));
    assertThatThrownBy(() -> ArrayOptimizer.bind(SM3.cover(Cover.axes(0)), starred, 1))
        .hasMessageContaining("rename it without * and ?");
    ArrayOptimizer.bind(SM3, starred, 1).close(); // Slices need no turning.
  }

  /** A misspelt pattern must not be hidden by the rules that turned covers add. */
  @Test
  void aPatternThatMatchesNothingIsRefused() {
    Map<String, INDArray> arrays = Map.of("w", Arrays4j.array(new float[6], 'f', 2, 3));
    assertThatThrownBy(() -> ArrayOptimizer.bind(SM3.cover("v", Cover.axes(0)), arrays, 1))
        .hasMessageContaining("'v', which matches none");
  }
}
