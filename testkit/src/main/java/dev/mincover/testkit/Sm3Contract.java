package dev.mincover.testkit;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.Optimizer;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Shape;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What SM3 must do wherever its weights lie. A test class extends this and says how weights are
 * bound: to arrays, to native memory, to an engine's tensors.
 */
public abstract class Sm3Contract {

  /**
   * Tensors of all awkward kinds: rank 0, empty, width 1, folded, too short or too long for lanes.
   */
  private static final List<Shape> AWKWARD =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1),
          Shape.of(17),
          Shape.of(1, 1),
          Shape.of(31, 1),
          Shape.of(1, 207),
          Shape.of(5, 0, 3),
          Shape.of(15, 16),
          Shape.of(9, 33),
          Shape.of(3, 4098),
          Shape.of(4, 3, 2),
          Shape.of(6, 5, 70),
          Shape.of(8, 3, 3, 3),
          Shape.of(2, 3, 2, 2, 2));

  /** The starting values of one parameter. */
  public static final class Initial {
    /** The tensor's dimensions. */
    public final Shape shape;

    /** Row-major; copied by who binds it. */
    public final float[] values;

    /** Whether it must not learn. */
    public final boolean frozen;

    Initial(Shape shape, float[] values, boolean frozen) {
      this.shape = shape;
      this.values = values;
      this.frozen = frozen;
    }
  }

  /** Bound weights in training. */
  public interface Training extends AutoCloseable {

    /** Takes a step; a name that is absent has no gradient. Values are row-major. */
    void step(Map<String, float[]> gradients);

    /** The weights as they are now, row-major. */
    float[] weights(String name);

    /** The optimizer of core underneath. */
    Optimizer optimizer();

    @Override
    void close();
  }

  /** Says how weights are bound. */
  protected Sm3Contract() {}

  /** Binds {@code recipe} to copies of the given weights. */
  protected abstract Training bind(Sm3 recipe, Map<String, Initial> parameters, int threads);

  static Stream<GoldenSequence> authors() {
    return GoldenSequence.authors().stream();
  }

  static Stream<GoldenSequence> paper() {
    return GoldenSequence.paper().stream();
  }

  static Stream<Sm3> recipes() {
    Sm3 plain = Sm3.learningRate(0.1);
    Sm3 one = plain.algorithm(Sm3.Algorithm.SM3_I);
    return Stream.of(
        plain,
        plain.momentum(Momentum.average(0.9)),
        plain.secondMoment(SecondMoment.average(0.9)),
        plain.momentum(Momentum.average(0.5)).secondMoment(SecondMoment.average(0.99)),
        plain.epsilon(1e-3),
        plain.momentum(Momentum.heavyBall(0.5)),
        plain.momentum(Momentum.nesterov(0.9)),
        one,
        one.secondMoment(SecondMoment.average(0.9)).momentum(Momentum.nesterov(0.5)),
        plain.cover(Cover.singletons()),
        one.cover(Cover.whole()),
        plain.cover(Cover.axes(0)).secondMoment(SecondMoment.average(0.9)));
  }

  /** Momentum that is rounded, which the oracle knows nothing of. */
  static Stream<Sm3> rounded() {
    Momentum momentum = Momentum.average(0.9);
    return Stream.of(Momentum.Format.BFLOAT16, Momentum.Format.INT8)
        .map(format -> Sm3.learningRate(0.1).momentum(momentum.stored(format)));
  }

  /** Weights that move without a gradient's doing. */
  static Stream<Sm3> decaying() {
    Sm3 decaying = Sm3.learningRate(0.1).weightDecay(0.5);
    return Stream.of(decaying, decaying.momentum(Momentum.average(0.9)));
  }

  @ParameterizedTest
  @MethodSource("authors")
  void reproducesTheAuthorsCode(GoldenSequence sequence) {
    reproduces(sequence);
  }

  @ParameterizedTest
  @MethodSource("paper")
  void reproducesThePaper(GoldenSequence sequence) {
    reproduces(sequence);
  }

  private void reproduces(GoldenSequence sequence) {
    Sm3 recipe = OracleTerms.recipe(sequence);
    Shape shape = Shape.of(sequence.shape().stream().mapToLong(Integer::longValue).toArray());
    Initial initial = new Initial(shape, Floats.of(sequence.initialWeights()), false);
    try (Training training = bind(recipe, Map.of("w", initial), 1)) {
      for (int t = 1; t <= sequence.length(); t++) {
        training.step(Map.of("w", Floats.of(sequence.gradient(t))));
        assertThat(Floats.doubles(training.weights("w")))
            .as("weights after step %d", t)
            .containsExactly(sequence.weights(t), within(1e-6));
        float[] mu = Floats.concatenate(training.optimizer().accumulators("w"));
        double[] expected = sequence.mu(t).orElseThrow();
        for (int i = 0; i < expected.length; i++) {
          assertThat((double) mu[i])
              .as("mu[%d] after step %d", i, t)
              .isCloseTo(expected[i], within(Math.max(1e-45, 1e-6 * expected[i])));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource({"recipes", "decaying"})
  void agreesWithTheOracle(Sm3 recipe) {
    for (long seed = 1; seed <= 3; seed++) {
      Random random = new Random(seed);
      Map<String, Initial> parameters = awkward(random);
      Map<String, ReferenceSm3> oracles = new HashMap<>();
      parameters.forEach((name, initial) -> oracles.put(name, oracle(recipe, name, initial)));
      try (Training training = bind(recipe, parameters, 2)) {
        for (int t = 1; t <= 5; t++) {
          Map<String, float[]> gradients = gradients(parameters, random);
          training.step(gradients);
          for (String name : parameters.keySet()) {
            ReferenceSm3 oracle = requireNonNull(oracles.get(name));
            oracle.step(Floats.doubles(requireNonNull(gradients.get(name))), 0.1);
            assertClose(
                training.weights(name),
                oracle.weights(),
                "%s of seed %d after step %d".formatted(name, seed, t));
          }
        }
      }
    }
  }

  /** Within float32's rounding of five steps: relative, or absolute for weights below 1. */
  private static void assertClose(float[] actual, double[] expected, String what) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      double allowed = 2e-6 * Math.max(1, Math.abs(expected[i]));
      if (!(Math.abs(actual[i] - expected[i]) <= allowed)) {
        assertThat((double) actual[i])
            .as("%s, value %d", what, i)
            .isCloseTo(expected[i], within(allowed));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void threadsDoNotShow(int threads) {
    Sm3 twoPasses =
        Sm3.learningRate(0.1).algorithm(Sm3.Algorithm.SM3_I).momentum(Momentum.nesterov(0.5));
    Stream.of(rounded(), decaying(), Stream.of(twoPasses))
        .flatMap(recipes -> recipes)
        .forEach(recipe -> {
          Map<String, Initial> parameters = awkward(new Random(5));
          parameters.put("large", initial(Shape.of(300, 257), new Random(6)));
          try (Training one = bind(recipe, parameters, 1);
              Training several = bind(recipe, parameters, threads)) {
            Random random = new Random(7);
            for (int t = 0; t < 3; t++) {
              Map<String, float[]> gradients = gradients(parameters, random);
              one.step(gradients);
              several.step(gradients);
            }
            for (String name : parameters.keySet()) {
              assertThat(Arrays.equals(several.weights(name), one.weights(name)))
                  .as("bits of %s under %s", name, recipe)
                  .isTrue();
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource({"recipes", "rounded"})
  void zeroGradientsMoveNothingAtFirst(Sm3 recipe) {
    Map<String, Initial> parameters = awkward(new Random(8));
    Map<String, float[]> zeros = new HashMap<>();
    parameters.forEach((name, initial) -> zeros.put(name, new float[initial.values.length]));
    try (Training training = bind(recipe, parameters, 1)) {
      training.step(zeros);
      parameters.forEach((name, initial) -> {
        assertThat(training.weights(name)).isEqualTo(initial.values);
        float[] mu = Floats.concatenate(training.optimizer().accumulators(name));
        assertThat(mu).isEqualTo(new float[mu.length]);
      });
    }
  }

  @ParameterizedTest
  @MethodSource({"recipes", "rounded", "decaying"})
  void frozenAndAbsentStayAsTheyAre(Sm3 recipe) {
    Random random = new Random(9);
    Initial learns = initial(Shape.of(6, 5), random);
    Initial frozen = new Initial(learns.shape, learns.values, true);
    Map<String, Initial> parameters = Map.of("a", learns, "b", learns, "frozen", frozen);
    try (Training training = bind(recipe, parameters, 1)) {
      float[] gradient = gaussians(learns.shape, random);
      training.step(Map.of("a", gradient));
      assertThat(training.weights("a")).isNotEqualTo(learns.values);
      assertThat(training.weights("b")).isEqualTo(learns.values);
      assertThat(training.weights("frozen")).isEqualTo(frozen.values);
      float[] once = training.weights("a");
      training.step(Map.of("b", gradient));
      assertThat(training.weights("a")).isEqualTo(once);
      assertThat(training.weights("b")).isEqualTo(once);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void stateIsANumberASetAndMomentumAWeight(Sm3 recipe) {
    Map<String, Initial> parameters = awkward(new Random(10));
    try (Training training = bind(recipe, parameters, 2)) {
      long sum = 0;
      for (Map.Entry<String, Initial> entry : parameters.entrySet()) {
        String name = entry.getKey();
        Shape shape = entry.getValue().shape;
        long mu = OracleTerms.cover(recipe.cover().of(name), lengths(shape)).sets().size();
        long m = recipe.momentum().isNone() ? 0 : shape.size();
        assertThat(training.optimizer().stateBytes(name))
            .as("%s of shape %s", name, shape)
            .isEqualTo(4 * (mu + m));
        sum += 4 * (mu + m);
      }
      assertThat(training.optimizer().stateBytes())
          .isEqualTo(sum + training.optimizer().scratchBytes());
    }
  }

  @Test
  void anImpulseFadesFromAnAverageAndStaysInASum() {
    Initial initial = new Initial(Shape.of(2, 2), new float[4], false);
    Sm3 sum = Sm3.learningRate(0.1);
    Sm3 average = sum.secondMoment(SecondMoment.average(0.5));
    try (Training summed = bind(sum, Map.of("w", initial), 1);
        Training averaged = bind(average, Map.of("w", initial), 1)) {
      for (int t = 0; t < 4; t++) {
        Map<String, float[]> gradient = Map.of("w", t == 0 ? Floats.filled(4, 1) : new float[4]);
        summed.step(gradient);
        averaged.step(gradient);
        assertThat(Floats.concatenate(summed.optimizer().accumulators("w"))).containsOnly(1);
        assertThat(Floats.concatenate(averaged.optimizer().accumulators("w")))
            .containsOnly((float) Math.pow(0.5, t + 1));
      }
    }
  }

  private static Map<String, Initial> awkward(Random random) {
    Map<String, Initial> parameters = new LinkedHashMap<>();
    for (int i = 0; i < AWKWARD.size(); i++) {
      // TensorFlow allows neither brackets nor spaces in a name.
      String name = "p" + i + AWKWARD.get(i).toString().replaceAll("\\D+", "-");
      parameters.put(name, initial(AWKWARD.get(i), random));
    }
    return parameters;
  }

  private static Initial initial(Shape shape, Random random) {
    return new Initial(shape, gaussians(shape, random), false);
  }

  private static Map<String, float[]> gradients(Map<String, Initial> parameters, Random random) {
    Map<String, float[]> gradients = new HashMap<>();
    parameters.forEach((name, initial) -> gradients.put(name, gaussians(initial.shape, random)));
    return gradients;
  }

  /** Gaussians with an exact zero here and there. */
  private static float[] gaussians(Shape shape, Random random) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(9) == 0 ? 0 : (float) random.nextGaussian();
    }
    return values;
  }

  private static ReferenceSm3 oracle(Sm3 recipe, String name, Initial initial) {
    return new ReferenceSm3(
        OracleTerms.config(recipe, name, lengths(initial.shape)), Floats.doubles(initial.values));
  }

  private static int[] lengths(Shape shape) {
    return Arrays.stream(shape.dimensions()).mapToInt(Math::toIntExact).toArray();
  }
}
