package dev.mincover.lab.inspect;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.Optimizer;
import dev.mincover.cover.Cover;
import dev.mincover.lab.statistics.CoverSets;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CandidateCoversTest {

  private static final Sm3 SM3 = Sm3.learningRate(0);

  private static float[][] follow(Sm3 recipe, Shape shape, List<float[]> gradients) {
    float[] weights = new float[(int) shape.size()];
    try (Optimizer optimizer =
        Optimizer.bind(recipe, List.of(Parameter.of("w", weights, shape.dimensions())))) {
      gradients.forEach(g -> optimizer.step(Map.of("w", Gradient.dense(g))));
      return optimizer.accumulators("w");
    }
  }

  private static ParameterStatistics statistics(Shape shape, List<float[]> gradients) {
    return new ParameterStatistics(
        "w",
        shape,
        follow(SM3.cover(Cover.singletons()), shape, gradients)[0],
        follow(SM3, shape, gradients),
        follow(SM3.algorithm(Algorithm.SM3_I), shape, gradients),
        new float[0][]);
  }

  private static List<float[]> gradients(long seed, Shape shape, int steps) {
    Random random = new Random(seed);
    List<float[]> gradients = new ArrayList<>();
    for (int t = 0; t < steps; t++) {
      float[] g = new float[(int) shape.size()];
      for (int i = 0; i < g.length; i++) {
        double size = Math.exp(2 * random.nextGaussian());
        g[i] = random.nextInt(4) == 0 ? 0 : (float) (size * random.nextGaussian());
      }
      gradients.add(g);
    }
    return gradients;
  }

  private static List<Cover> covers() {
    return List.of(
        Cover.whole(),
        Cover.axes(0),
        Cover.axes(1),
        Cover.axes(2),
        Cover.axes(0, 2),
        Cover.axes(2, 1),
        Cover.slices(),
        Cover.singletons(),
        Cover.sets(
            IntStream.range(0, 40).mapToLong(i -> i).toArray(),
            IntStream.range(20, 60).mapToLong(i -> i).toArray()));
  }

  /** What is told as a lower bound is one, and what is told as exact is that. */
  @ParameterizedTest(name = "seed {0}, {1}")
  @CsvSource({"1, SM3_II", "2, SM3_II", "3, SM3_I", "4, SM3_I"})
  void tightnessIsExactOrALowerBound(long seed, Algorithm algorithm) {
    Shape shape = Shape.of(3, 4, 5);
    List<float[]> gradients = gradients(seed, shape, 10);
    ParameterStatistics statistics = statistics(shape, gradients);
    CandidateCovers candidates = new CandidateCovers(statistics, algorithm);
    for (Cover cover : covers()) {
      float[][] mu = follow(SM3.algorithm(algorithm).cover(cover), shape, gradients);
      double actual = statistics.tightness(CoverSets.of(cover, shape).least(mu));
      CandidateCover candidate = candidates.of(cover);
      double told = requireNonNull(candidate.tightness());
      if (candidate.lowerBound()) {
        assertThat(told).as("%s", cover).isBetween(1.0, actual);
      } else {
        assertThat(told).as("%s", cover).isEqualTo(actual);
      }
      assertThat(candidate.lowerBound())
          .isEqualTo(!(cover instanceof Cover.Slices || cover instanceof Cover.Singletons));
    }
  }

  /** What core allocates is the measure. */
  @Test
  void bytesAreThoseThatCoreAllocates() {
    Shape shape = Shape.of(3, 4, 5);
    CandidateCovers candidates =
        new CandidateCovers(statistics(shape, gradients(1, shape, 1)), Algorithm.SM3_II);
    for (Cover cover : covers()) {
      try (Optimizer optimizer =
          Optimizer.bind(SM3.cover(cover), List.of(Parameter.of("w", new float[60], 3, 4, 5)))) {
        assertThat(candidates.of(cover).bytes())
            .as("%s", cover)
            .isEqualTo(optimizer.stateBytes("w"));
      }
    }
  }

  @Test
  void allCoversByAxesAreCandidates() {
    Shape shape = Shape.of(3, 4, 5);
    assertThat(new CandidateCovers(statistics(shape, List.of()), Algorithm.SM3_II).all())
        .extracting(CandidateCover::cover)
        .containsExactly(
            "whole",
            "rows",
            "columns",
            "axes:2",
            "axes:0,1",
            "axes:0,2",
            "axes:1,2",
            "slices",
            "singletons");
    assertThat(
            new CandidateCovers(statistics(shape, List.of()), Algorithm.SM3_II)
                .of(Cover.axes(2, 0, 1))
                .cover())
        .isEqualTo("slices");
    Shape vector = Shape.of(7);
    assertThat(new CandidateCovers(statistics(vector, List.of()), Algorithm.SM3_II).all())
        .extracting(CandidateCover::cover)
        .containsExactly("whole", "singletons");
  }

  /** A parameter of a run of SM3-II with slices, whose gradient is the same at ten steps. */
  private static ParameterInspection inspect(Cover cover, float[] gradient) {
    Shape shape = Shape.of(16, 16);
    List<float[]> gradients = IntStream.range(0, 10).mapToObj(_ -> gradient).toList();
    ParameterStatistics known = statistics(shape, gradients);
    Sm3 recipe = Sm3.learningRate(0.5).cover(cover);
    return ParameterInspection.of(
        new ParameterStatistics(
            "w",
            shape,
            known.adagrad(),
            known.sm3ii(),
            known.sm3i(),
            follow(recipe, shape, gradients)),
        recipe,
        0.5,
        10);
  }

  private static float[] gradient(Entry entry) {
    float[] g = new float[256];
    for (int i = 0; i < g.length; i++) {
      g[i] = entry.at(i / 16, i % 16);
    }
    return g;
  }

  private interface Entry {
    float at(int row, int column);
  }

  /** Rows and columns say nothing of a diagonal. */
  @Test
  void aDiagonalPatternIsAdvisedToHaveSingletons() {
    ParameterInspection looked =
        inspect(Cover.slices(), gradient((row, column) -> row == column ? 1 : 0.0625f));
    assertThat(looked.current()).isEqualTo(new CandidateCover("slices", 128, 256.0, false));
    assertThat(looked.alternatives().advice())
        .isEqualTo(new CandidateCover("singletons", 1024, 1.0, false));
    // eta / sqrt(nu), with nu 10 for every weight.
    assertThat(looked.rates().smallestRate()).isEqualTo(0.5 / Math.sqrt(10));
    assertThat(looked.rates().largestRate()).isEqualTo(0.5 / Math.sqrt(10));
  }

  /** Where a weight learns as much as its row and its column allow, slices say all there is. */
  @Test
  void aPatternByRowAndColumnIsTight() {
    ParameterInspection looked =
        inspect(Cover.slices(), gradient((row, column) -> (float) (1 << Math.min(row, column))));
    assertThat(looked.current()).isEqualTo(new CandidateCover("slices", 128, 1.0, false));
    assertThat(looked.alternatives().advice()).isNull();
    assertThat(looked.rates().largestRate()).isEqualTo(0.5 / Math.sqrt(10));
    assertThat(looked.rates().smallestRate()).isEqualTo(0.5 / Math.sqrt(10) / (1 << 15));
  }

  @Test
  void aCoverByTheWrongAxisIsAdvisedToHaveSlices() {
    ParameterInspection looked = inspect(Cover.axes(1), gradient((row, _) -> (float) (1 << row)));
    assertThat(looked.current().cover()).isEqualTo("columns");
    assertThat(looked.current().lowerBound()).isTrue();
    assertThat(looked.current().tightness()).isEqualTo((Math.pow(4, 7) + Math.pow(4, 8)) / 2);
    assertThat(looked.alternatives().advice())
        .isEqualTo(new CandidateCover("slices", 128, 1.0, false));
    assertThat(looked.accumulatorBytes()).isEqualTo(64);
  }
}
