package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.recipe.Sm3.Algorithm;
import dev.mincover.tensor.DataType;
import dev.mincover.tensor.Gradient;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Core against the paper in double precision, and against what others have computed. */
class CoreOracleTest {

  private static final double ETA = 0.1;

  /**
   * Relative to accumulators: six steps round a square, a sum or two products by 6e-8 each. The
   * most that the random runs show is 3e-7.
   */
  private static final double MU = 1e-6;

  /**
   * Relative to weights, or of 1 if they are smaller. An update has half of nu's relative error,
   * and six steps are rounded in proportion to the weight and the step; momentum makes a step up to
   * 10 times, an average of squares 3 times as large as eta. The random runs show 6e-7.
   */
  private static final double WEIGHTS = 2e-6;

  private static final List<Momentum> MOMENTA =
      List.of(
          Momentum.none(), Momentum.average(0.9), Momentum.heavyBall(0.5), Momentum.nesterov(0.9));

  /** Each algorithm with each momentum and each second moment; epsilon and decay take turns. */
  private static List<Sm3> recipes() {
    List<Sm3> recipes = new ArrayList<>();
    for (Algorithm algorithm : Algorithm.values()) {
      for (Momentum momentum : MOMENTA) {
        for (double beta : new double[] {1, 0.9}) {
          int turn = recipes.size();
          recipes.add(
              Sm3.learningRate(ETA)
                  .algorithm(algorithm)
                  .momentum(momentum)
                  .secondMoment(new SecondMoment(beta))
                  .epsilon(List.of(0.0, 1e-30, 1e-3).get(turn % 3))
                  .weightDecay(List.of(0.0, 0.25).get(turn / 2 % 2)));
        }
      }
    }
    return recipes;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void agreesWithTheOracleUnderEveryCover(RandomRun run) {
    for (Sm3 plain : recipes()) {
      Sm3 recipe = plain;
      CoreRun.Builder builder = new CoreRun.Builder();
      for (CoverKind kind : CoverKind.values()) {
        recipe = recipe.cover(kind.name(), kind.of(run.seed(), run.lengths()));
        builder.add(kind.name(), DataType.FLOAT32, Floats.of(run.weights()), run.lengths());
      }
      Map<CoverKind, ReferenceSm3> oracles = new EnumMap<>(CoverKind.class);
      for (CoverKind kind : CoverKind.values()) {
        oracles.put(
            kind,
            new ReferenceSm3(
                OracleTerms.config(recipe, kind.name(), run.lengths()),
                Floats.doubles(Floats.of(run.weights()))));
      }
      try (var training = builder.bind(recipe, 1)) {
        for (int t = 1; t <= run.length(); t++) {
          float[] g = Floats.of(run.gradient(t));
          training.stepAll(g);
          for (Map.Entry<CoverKind, ReferenceSm3> entry : oracles.entrySet()) {
            ReferenceSm3 oracle = entry.getValue();
            oracle.step(Floats.doubles(g), ETA);
            String when = "%s after step %d of %s".formatted(entry.getKey(), t, plain);
            String name = entry.getKey().name();
            compare(training.weights(name), oracle.weights(), WEIGHTS, 1, "weights, " + when);
            compare(training.mu(name), oracle.mu(), MU, 0, "mu, " + when);
          }
        }
      }
    }
  }

  /** Within {@code tolerance} times the expected value's size, or {@code least} if it is less. */
  private static void compare(
      float[] actual, double[] expected, double tolerance, double least, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      double allowed = tolerance * Math.max(least, Math.abs(expected[i]));
      if (!(Math.abs(actual[i] - expected[i]) <= allowed)) {
        assertThat((double) actual[i])
            .as("%s, value %d", what, i)
            .isCloseTo(expected[i], within(allowed));
      }
    }
  }

  static Stream<GoldenSequence> golden() {
    return Stream.of(
            GoldenSequence.paper(),
            GoldenSequence.authors(),
            GoldenSequence.authorsSparse(),
            GoldenSequence.published())
        .flatMap(List::stream);
  }

  /** Under the cover's own name and as plain sets; sparse gradients as rows and as given. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("golden")
  void reproducesWhatOthersComputed(GoldenSequence s) {
    Set<Sm3> recipes = new LinkedHashSet<>();
    recipes.add(OracleTerms.recipe(s));
    recipes.add(OracleTerms.recipe(s, OracleTerms.sets(s.config().cover())));
    int[] shape = s.shape().stream().mapToInt(Integer::intValue).toArray();
    for (Sm3 recipe : recipes) {
      try (var training = CoreRun.of(recipe, Floats.of(s.initialWeights()), shape)) {
        for (int t = 1; t <= s.length(); t++) {
          training.step(gradient(s, t));
          String when = " after step %d, %s".formatted(t, recipe.cover());
          Close.absolutely(
              Floats.doubles(training.weights()), s.weights(t), 1e-6, "weights" + when);
          float[] mu = training.mu();
          s.mu(t).ifPresent(expected -> assertMu(mu, expected, when));
        }
      }
    }
  }

  /** Squares of the sequences scaled by 1e-16 are subnormal for some values: 1e-45 apart. */
  private static void assertMu(float[] actual, double[] expected, String when) {
    assertThat(actual).as("mu" + when).hasSameSizeAs(expected);
    for (int r = 0; r < actual.length; r++) {
      assertThat((double) actual[r])
          .as("mu[%d]%s", r, when)
          .isCloseTo(expected[r], within(Math.max(Float.MIN_VALUE, 1e-6 * expected[r])));
    }
  }

  private static Gradient gradient(GoldenSequence s, int t) {
    float[] given = Floats.of(s.givenGradient(t));
    if (!s.isSparse()) {
      return Gradient.dense(given);
    }
    int[] rows = s.rows(t);
    long[] indices = new long[rows.length];
    for (int i = 0; i < rows.length; i++) {
      indices[i] = rows[i];
    }
    return Gradient.rows(indices, given);
  }

  /** Probes of one step, whose epsilons differ between implementations. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.GoldenSequence#probes")
  void epsilonShrinksSmallGradients(GoldenSequence s) {
    try (var training = CoreRun.of(OracleTerms.recipe(s), new float[1])) {
      training.step(Floats.of(s.gradient(1)));
      Close.relatively(Floats.doubles(training.weights()), s.weights(1), 1e-6, "weight");
    }
  }
}
