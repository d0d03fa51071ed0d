package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.Optimizer;
import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Adam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Momentum.Format;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory to the byte: what is reported is what this page, written on its own, says it must be. */
class StateBytesTest {

  private static final List<int[]> SHAPES =
      List.of(
          new int[] {},
          new int[] {0},
          new int[] {17},
          new int[] {200},
          new int[] {5, 0, 3},
          new int[] {15, 16},
          new int[] {3, 130},
          new int[] {6, 5, 70},
          new int[] {8, 3, 3, 3},
          new int[] {2, 3, 2, 2, 2});

  private static final Average POLYAK = Average.polyak(0.99);

  /** What a parameter of some shape must take. */
  interface Bytes {
    long of(int... shape);
  }

  private static int size(int... shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** float32 accumulators; sets cost 4 bytes a weight (and 4 more) and 4 a member besides. */
  private static long accumulators(CoverKind kind, int... shape) {
    if (kind == CoverKind.SETS) {
      var sets = RandomRun.randomCover(1, size(shape)).sets();
      return 4L * sets.size()
          + 4L * (size(shape) + 1)
          + 4L * sets.stream().mapToInt(List::size).sum();
    }
    if (kind == CoverKind.WHOLE) {
      return 4;
    }
    if (kind == CoverKind.SINGLETONS || shape.length < 2) {
      return 4L * size(shape);
    }
    int last = shape.length - 1;
    return 4L
        * switch (kind) {
          case SLICES, AXES_REVERSED -> Arrays.stream(shape).sum();
          case FIRST_AXIS -> shape[0];
          case LAST_AXIS -> shape[last];
          default -> shape[0] + shape[last];
        };
  }

  /** int8 momentum has a float32 scale for every 64 values of a row, or what is left of one. */
  private static long momentum(Momentum momentum, long rowLength, int... shape) {
    if (momentum.isNone()) {
      return 0;
    }
    long size = size(shape);
    return switch (momentum.format()) {
      case FLOAT32 -> 4 * size;
      case BFLOAT16 -> 2 * size;
      case INT8 -> size + (size == 0 ? 0 : 4 * (size / rowLength) * ((rowLength + 63) / 64));
    };
  }

  /** SM3's rows take in the axes before the last while they have less than 64 values. */
  private static long rowLength(int... shape) {
    int axis = shape.length - 1;
    long length = axis < 0 ? 1 : shape[axis];
    while (axis > 1 && length < 64) {
      length *= shape[--axis];
    }
    return length;
  }

  private static Shape shape(int... dimensions) {
    return Shape.of(IntStream.of(dimensions).asLongStream().toArray());
  }

  private static long average(Average average, int... shape) {
    return average.equals(Average.none()) ? 0 : 4L * size(shape);
  }

  /** R and C of the matrices along the last two axes. */
  private static long factors(int... shape) {
    int rank = shape.length;
    if (rank < 2) {
      return 4L * size(shape);
    }
    long matrices = IntStream.of(shape).limit(rank - 2).reduce(1, Math::multiplyExact);
    return 4 * matrices * (shape[rank - 2] + shape[rank - 1]);
  }

  private static List<Momentum> momenta() {
    List<Momentum> momenta = new ArrayList<>();
    momenta.add(Momentum.none());
    for (Format format : Format.values()) {
      momenta.add(Momentum.average(0.9).stored(format));
    }
    return momenta;
  }

  static Stream<Arguments> sm3() {
    List<Arguments> table = new ArrayList<>();
    for (CoverKind kind : CoverKind.values()) {
      for (Momentum momentum : momenta()) {
        for (DataType type : DataType.values()) {
          for (Average average : List.of(Average.none(), POLYAK)) {
            table.add(
                Arguments.argumentSet(
                    "%s, %s, %s, %s".formatted(kind, momentum, type, average),
                    kind,
                    momentum,
                    type,
                    average));
          }
        }
      }
    }
    return table.stream();
  }

  @ParameterizedTest
  @MethodSource("sm3")
  void sm3(CoverKind kind, Momentum momentum, DataType type, Average average) {
    Sm3 recipe = Sm3.learningRate(0.1).momentum(momentum).average(average);
    for (int i = 0; i < SHAPES.size(); i++) {
      recipe = recipe.cover("p" + i, kind.of(1, SHAPES.get(i)));
    }
    Bytes bytes =
        shape ->
            accumulators(kind, shape)
                + momentum(momentum, rowLength(shape), shape)
                + average(average, shape);
    assertBytes(recipe, type, bytes);
    if (type == DataType.FLOAT32) {
      // Neither the algorithm nor an average of squares takes more, before sparse gradients come.
      assertBytes(
          recipe.algorithm(Algorithm.SM3_I).secondMoment(SecondMoment.average(0.9)), type, bytes);
    }
  }

  static Stream<Arguments> others() {
    List<Arguments> table = new ArrayList<>();
    for (DataType type : DataType.values()) {
      for (Average average : List.of(Average.none(), POLYAK)) {
        Bytes adam = shape -> 8L * size(shape) + average(average, shape);
        table.add(argument(Adam.learningRate(0.1).average(average), type, adam));
        for (Momentum momentum : momenta()) {
          Bytes adafactor =
              shape -> {
                int last = shape.length == 0 ? 1 : shape[shape.length - 1];
                return factors(shape) + momentum(momentum, last, shape) + average(average, shape);
              };
          table.add(
              argument(
                  Adafactor.learningRate(0.1).momentum(momentum).average(average),
                  type,
                  adafactor));
        }
      }
    }
    return table.stream();
  }

  private static Arguments argument(Recipe recipe, DataType type, Bytes bytes) {
    return Arguments.argumentSet(recipe + ", " + type, recipe, type, bytes);
  }

  @ParameterizedTest
  @MethodSource("others")
  void others(Recipe recipe, DataType type, Bytes bytes) {
    assertBytes(recipe, type, bytes);
  }

  private static void assertBytes(Recipe recipe, DataType type, Bytes bytes) {
    var builder = new CoreRun.Builder();
    for (int i = 0; i < SHAPES.size(); i++) {
      builder.add("p" + i, type, new float[size(SHAPES.get(i))], SHAPES.get(i));
    }
    builder.addFrozen("frozen", type, new float[100], 10, 10);
    try (var training = builder.bind(recipe, 1)) {
      Optimizer bound = training.optimizer();
      Map<String, Gradient> gradients = new HashMap<>();
      long scratch = bound.scratchBytes();
      for (int t = 0; t < 2; t++) {
        long sum = 0;
        for (int i = 0; i < SHAPES.size(); i++) {
          int[] shape = SHAPES.get(i);
          long expected = bytes.of(shape);
          assertThat(bound.stateBytes("p" + i))
              .as("%s before step %d", Arrays.toString(shape), t + 1)
              .isEqualTo(Optimizer.stateBytes(recipe, "p" + i, shape(shape)))
              .isEqualTo(expected);
          sum += expected;
          gradients.put("p" + i, Gradient.dense(Floats.filled(size(shape), 1)));
        }
        assertThat(bound.stateBytes("frozen")).isZero();
        // Dense steps find all the scratch memory they need.
        assertThat(bound.scratchBytes()).isEqualTo(scratch);
        assertThat(bound.stateBytes()).isEqualTo(sum + scratch);
        training.step(gradients);
      }
    }
  }

  /** Far more than there is memory. */
  @Test
  void whatARecipeWillTakeIsToldWithoutTakingIt() {
    Shape shape = Shape.of(1L << 30, 1L << 25);
    Sm3 sm3 = Sm3.learningRate(0.1);
    assertThat(Optimizer.stateBytes(sm3, "w", shape)).isEqualTo(4 * ((1L << 30) + (1L << 25)));
    assertThat(Optimizer.stateBytes(Sm3.adaGrad(0.1).average(POLYAK), "w", shape))
        .isEqualTo(1L << 58);
    assertThatThrownBy(() -> Optimizer.stateBytes(Adam.learningRate(0.1), "w", Shape.of(1L << 60)))
        .isInstanceOf(ArithmeticException.class);
    assertThatThrownBy(() -> Optimizer.stateBytes(sm3.cover("w", Cover.axes(2)), "w", shape))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("parameter 'w' names axis 2");
    assertThat(Optimizer.stateBytes(sm3.cover("v", Cover.axes(2)), "w", shape))
        .isEqualTo(Optimizer.stateBytes(sm3, "w", shape));
  }

  /** A stamp an index of axis 0, where accumulators belong to one, and only once rows are given. */
  @ParameterizedTest
  @EnumSource
  void aSparseStepUnderAnAverageAddsAStampARow(CoverKind kind) {
    for (Algorithm algorithm : Algorithm.values()) {
      for (double beta : new double[] {1, 0.9}) {
        for (int[] shape : SHAPES) {
          if (shape.length == 0) {
            continue; // Has no rows to leave out.
          }
          Sm3 recipe =
              Sm3.learningRate(0.1)
                  .algorithm(algorithm)
                  .secondMoment(new SecondMoment(beta))
                  .cover(kind.of(1, shape));
          boolean byIndex =
              switch (kind) {
                case WHOLE, SETS -> false;
                case LAST_AXIS -> shape.length == 1;
                default -> true;
              };
          String what = "%s, %s, beta %s".formatted(Arrays.toString(shape), algorithm, beta);
          long before = accumulators(kind, shape);
          long after = before + (beta < 1 && byIndex ? 4L * shape[0] : 0);
          try (var training = CoreRun.of(recipe, new float[size(shape)], shape)) {
            Optimizer bound = training.optimizer();
            training.step(new float[size(shape)]);
            assertThat(bound.stateBytes("w")).as(what).isEqualTo(before);
            long[] rows = IntStream.range(0, shape[0]).mapToLong(i -> i).toArray();
            for (int t = 0; t < 2; t++) {
              training.step(Gradient.rows(rows, Floats.filled(size(shape), 1)));
              assertThat(bound.stateBytes("w")).as(what).isEqualTo(after);
              assertThat(bound.stateBytes()).as(what).isEqualTo(after + bound.scratchBytes());
            }
          }
        }
      }
    }
  }

  /** One new maximum an accumulator, in whole cache lines; vectors need none. */
  @Test
  void scratchIsAsMuchAsTheAccumulatorsOfTheLargestTensor() {
    Sm3 recipe = Sm3.learningRate(0.1);
    var builder =
        new CoreRun.Builder()
            .add("matrix", DataType.FLOAT32, new float[100 * 30], 100, 30)
            .add("smaller", DataType.FLOAT32, new float[50 * 40], 50, 40);
    try (var training = builder.bind(recipe, 1);
        var vector = CoreRun.of(recipe, new float[1000], 1000)) {
      assertThat(training.optimizer().scratchBytes()).isEqualTo(4 * (112 + 32));
      assertThat(training.optimizer().stateBytes()).isEqualTo(4 * (130 + 90 + 112 + 32));
      assertThat(vector.optimizer().stateBytes()).isEqualTo(4000);
      vector.step(Gradient.rows(new long[] {5, 900}, new float[] {1, 2}));
      assertThat(vector.optimizer().stateBytes()).isEqualTo(4000);
    }
  }

  /** Of 16-bit weights, and for as long as averages are in their place. */
  @ParameterizedTest
  @EnumSource
  void averagesSwappedInTakeACopyOfTheWeights(DataType type) {
    Sm3 recipe = Sm3.learningRate(0.1).cover(Cover.whole()).average(POLYAK);
    var builder = new CoreRun.Builder().add("w", type, new float[300], 300);
    try (var training = builder.bind(recipe, 1)) {
      Optimizer bound = training.optimizer();
      long before = bound.stateBytes();
      assertThat(bound.stateBytes("w")).isEqualTo(4 + 4 * 300);
      try (var _ = bound.swapInAverage()) {
        long copy = type == DataType.FLOAT32 ? 0 : 2 * 300;
        assertThat(bound.stateBytes()).isEqualTo(before + copy);
        assertThat(bound.stateBytes("w")).isEqualTo(4 + 4 * 300);
        assertThat(bound.scratchBytes()).isEqualTo(bound.stateBytes() - 4 - 4 * 300);
      }
      assertThat(bound.stateBytes()).isEqualTo(before);
    }
  }
}
