package dev.mincover.lab.replay;

import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_I;
import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_II;
import static dev.mincover.testkit.ReferenceSm3.MomentumKind.AVERAGE;
import static dev.mincover.testkit.ReferenceSm3.MomentumKind.HEAVY_BALL;
import static dev.mincover.testkit.ReferenceSm3.MomentumKind.NESTEROV;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.testkit.ReferenceCover;
import dev.mincover.testkit.ReferenceSm3;
import dev.mincover.testkit.ReferenceSm3.Config;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Replays of recordings that the oracle made, and of some written by hand. */
class ReplayTest {

  private static final double ETA = 0.1;
  private static final double TOLERANCE = 1e-6;
  private static final int ROWS = 5;
  private static final int COLUMNS = 3;
  private static final int STEPS = 6;

  @TempDir private Path folder;

  private Replay replay(String json, double tolerance) throws IOException {
    Path file = Files.writeString(folder.resolve("a.json"), json);
    List<Recording> recordings = RecordingFile.read(file);
    assertThat(recordings).hasSize(1);
    return Replay.of(recordings.getFirst(), tolerance);
  }

  static Stream<Arguments> configs() {
    ReferenceCover slices = ReferenceCover.slices(ROWS, COLUMNS);
    int size = ROWS * COLUMNS;
    int[] first = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int[] last = {8, 9, 10, 11, 12, 13, 14};
    Config plain = Config.of(SM3_II, slices);
    return Stream.of(
        Arguments.of("", plain),
        Arguments.of("'momentum': 0.9", plain.withMomentum(0.9, AVERAGE)),
        Arguments.of("'beta2': 0.9", plain.withSecondMoment(0.9)),
        Arguments.of("'epsilon': 0.01", plain.withEpsilon(0.01)),
        Arguments.of(
            "'momentum': 0.5, 'momentumKind': 'heavy-ball'", plain.withMomentum(0.5, HEAVY_BALL)),
        Arguments.of(
            "'momentum': 0.5, 'momentumKind': 'nesterov'", plain.withMomentum(0.5, NESTEROV)),
        Arguments.of("'weightDecay': 0.1", plain.withWeightDecay(0.1)),
        Arguments.of("'algorithm': 'SM3-I'", Config.of(SM3_I, slices)),
        Arguments.of("'cover': 'rows'", Config.of(SM3_II, ReferenceCover.rows(ROWS, COLUMNS))),
        Arguments.of("'cover': 'singletons'", Config.of(SM3_II, ReferenceCover.singletons(size))),
        Arguments.of("'cover': 'whole'", Config.of(SM3_II, ReferenceCover.whole(size))),
        Arguments.of(
            "'cover': "
                + Arrays.toString(first).transform(s -> "[" + s)
                + ", "
                + Arrays.toString(last)
                + "]",
            Config.of(SM3_II, ReferenceCover.of(size, first, last))));
  }

  @ParameterizedTest
  @MethodSource("configs")
  void agreesWithTheOracle(String config, Config oracle) throws IOException {
    Replay replay = replay(recorded(config, oracle, false), TOLERANCE);
    assertThat(replay.message()).isNull();
    assertThat(replay.largestDifference()).isBetween(0.0, TOLERANCE);
    assertThat(replay.within()).isTrue();
    assertThat(replay.steps()).isEqualTo(STEPS);
    assertThat(replay.shape()).containsExactly((long) ROWS, (long) COLUMNS);
  }

  @ParameterizedTest
  @MethodSource("sparseConfigs")
  void rowsAreTheDenseGradientWithZeros(String config, Config oracle) throws IOException {
    Replay replay = replay(recorded(config, oracle, true), TOLERANCE);
    assertThat(replay.largestDifference()).isBetween(0.0, TOLERANCE);
    assertThat(replay.within()).isTrue();
  }

  static Stream<Arguments> sparseConfigs() {
    return Stream.of(
        Arguments.of("", Config.of(SM3_II, ReferenceCover.slices(ROWS, COLUMNS))),
        Arguments.of("'cover': 'rows'", Config.of(SM3_II, ReferenceCover.rows(ROWS, COLUMNS))));
  }

  /** A run of the oracle as a recording; if sparse, of rows 4 and 1, the latter given twice. */
  private static String recorded(String config, Config oracle, boolean sparse) {
    Random random = new Random(7);
    double[] weights = floats(random, ROWS * COLUMNS);
    ObjectNode sequence = JsonMapper.shared().createObjectNode();
    sequence.put("name", "oracle").putArray("shape").add(ROWS).add(COLUMNS);
    sequence.putPOJO("param0", weights.clone());
    ArrayNode gradients = sequence.putArray("grads");
    ArrayNode steps = sequence.putArray("steps");
    var sm3 = new ReferenceSm3(oracle, weights);
    for (int t = 1; t <= STEPS; t++) {
      double[] gradient = new double[ROWS * COLUMNS];
      if (sparse) {
        int[] rows = {4, 1, 1};
        double[] values = floats(random, rows.length * COLUMNS);
        for (int k = 0; k < values.length; k++) {
          gradient[rows[k / COLUMNS] * COLUMNS + k % COLUMNS] += values[k];
        }
        gradients.addObject().putPOJO("indices", rows).putPOJO("values", values);
      } else {
        gradient = floats(random, gradient.length);
        gradients.addPOJO(gradient);
      }
      sm3.step(gradient, ETA);
      steps.addObject().putPOJO("param", weights.clone());
    }
    String comma = config.isEmpty() ? "" : ", ";
    return "[%s]"
        .formatted(sequence)
        .replaceFirst(
            "\\{",
            "{\"config\": {\"learningRate\": %s%s%s}, "
                .formatted(ETA, comma, config.replace('\'', '"')));
  }

  /** Standard normal numbers that float32 can hold. */
  private static double[] floats(Random random, int count) {
    return random.doubles(count).map(_ -> (float) random.nextGaussian()).toArray();
  }

  /** Weights start at 2, and a first step of SM3 takes eta off each. */
  private static String byHand(String gradient, String recorded) {
    return """
    [{"name": "hand", "shape": [1, 2], "config": {"learningRate": 0.5}, "param0": [2, 2],
      "grads": [[1, 1], %s], "steps": [{}, %s]}]
    """
        .formatted(gradient, recorded);
  }

  @Test
  void tellsWhereTheLargestDifferenceIs() throws IOException {
    Replay replay = replay(byHand("[0, 0]", "{\"param\": [1.5, 1.25]}"), 0.25);
    assertThat(replay.largestDifference()).isEqualTo(0.25);
    assertThat(replay.step()).isEqualTo(2);
    assertThat(replay.index()).containsExactly(0L, 1L);
    assertThat(replay.within()).isTrue();
    assertThat(replay(byHand("[0, 0]", "{\"param\": [1.5, 1.25]}"), 0.249).within()).isFalse();
  }

  @Test
  void equalWeightsHaveNoPlace() throws IOException {
    Replay replay = replay(byHand("[0, 0]", "{\"param\": [1.5, 1.5]}"), 0);
    assertThat(replay.largestDifference()).isZero();
    assertThat(replay.step()).isNull();
    assertThat(replay.index()).isNull();
    assertThat(replay.within()).isTrue();
  }

  @Test
  void aRecordedWeightThatIsNoNumberDiffers() throws IOException {
    for (String bad : List.of("\"NaN\"", "null", "\"-Infinity\"")) {
      Replay replay = replay(byHand("[0, 0]", "{\"param\": [1.5, " + bad + "]}"), 1e30);
      assertThat(replay.largestDifference()).as(bad).isNull();
      assertThat(replay.step()).isEqualTo(2);
      assertThat(replay.message()).startsWith("not finite: Mincover has 1.5, the recording ");
      assertThat(replay.within()).isFalse();
    }
  }

  @Test
  void aGradientThatIsRefusedEndsTheSequence() throws IOException {
    Replay replay = replay(byHand("[0, \"NaN\"]", "{\"param\": [1.5, 1.5]}"), 1);
    assertThat(replay.within()).isFalse();
    assertThat(replay.largestDifference()).isNull();
    assertThat(replay.stoppedAt()).isEqualTo(2);
    assertThat(replay.comparedSteps()).isZero();
    assertThat(replay.message())
        .isEqualTo(
            "stopped at step 2: the gradient is NaN at [0, 1]; leave out steps that were skipped");
    assertThat(replay(byHand("[0, 1e20]", "{\"param\": [1.5, 1.5]}"), 1).message())
        .contains("1.0E20 at [0, 1], too large to square in float32");
  }

  @Test
  void emptyTensorsAreEqual() throws IOException {
    Replay replay =
        replay(
            """
            [{"name": "empty", "shape": [0, 3], "config": {"learningRate": 0.5}, "param0": [],
              "grads": [[]], "steps": [{"param": []}]}]
            """,
            0);
    assertThat(replay.largestDifference()).isZero();
    assertThat(replay.within()).isTrue();
  }
}
