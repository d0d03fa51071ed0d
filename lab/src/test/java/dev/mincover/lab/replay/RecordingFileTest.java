package dev.mincover.lab.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mincover.cover.Cover;
import dev.mincover.lab.common.UserError;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class RecordingFileTest {

  /** A usable sequence; tests replace what is between its marks. */
  private static final String GOOD =
      """
      [{"name": "w", "shape": [2, 2], "config": {"learningRate": 0.5},
        "param0": [1, 2, 3, 4],
        "grads": [[1, 1, 1, 1]],
        "steps": [{"param": [0, 0, 0, 0]}]}]
      """;

  @TempDir private Path folder;

  private List<Recording> read(String json) throws IOException {
    return RecordingFile.read(Files.writeString(folder.resolve("a.json"), json));
  }

  private Sm3 recipe(String config) throws IOException {
    return read(GOOD.replace("\"learningRate\": 0.5", config)).getFirst().recipe();
  }

  @Test
  void absentKeysTakeMincoversDefaults() throws IOException {
    assertThat(recipe("\"learningRate\": 0.5")).isEqualTo(Sm3.learningRate(0.5));
    assertThat(
            recipe("\"learningRate\": 0.5, \"cover\": null, \"beta2\": null, \"momentum\": null"))
        .isEqualTo(Sm3.learningRate(0.5));
  }

  @Test
  void everyKeyOfTheConfigIsRead() throws IOException {
    Sm3 recipe =
        recipe(
            """
            "learningRate": 1, "momentum": 0.9, "momentumKind": "heavy-ball", "beta2": 0.95,
            "epsilon": 1e-30, "algorithm": "SM3-I", "cover": "whole", "weightDecay": 0.01\
            """);
    assertThat(recipe.learningRate().at(7)).isEqualTo(1);
    assertThat(recipe.momentum()).isEqualTo(Momentum.heavyBall(0.9));
    assertThat(recipe.secondMoment().beta()).isEqualTo(0.95);
    assertThat(recipe.epsilon()).isEqualTo(1e-30);
    assertThat(recipe.algorithm()).isEqualTo(Sm3.Algorithm.SM3_I);
    assertThat(recipe.cover().of("w")).isEqualTo(Cover.whole());
    assertThat(recipe.options().weightDecay().of("w")).isEqualTo(0.01);
  }

  static Stream<Arguments> covers() {
    return Stream.of(
        Arguments.of("\"slices\"", Cover.slices()),
        Arguments.of("\"singletons\"", Cover.singletons()),
        Arguments.of("\"rows\"", Cover.axes(0)),
        Arguments.of("[[0, 1], [1, 2, 3]]", Cover.sets(new long[] {0, 1}, new long[] {1, 2, 3})));
  }

  @ParameterizedTest
  @MethodSource("covers")
  void coversHaveNamesOrSets(String json, Cover cover) throws IOException {
    Sm3 recipe = recipe("\"learningRate\": 1, \"cover\": " + json);
    assertThat(recipe.cover().of("w")).isEqualTo(cover);
  }

  @Test
  void tensorsAreFlatOrNestedAndScalarsBareNumbers() throws IOException {
    Recording nested =
        read(GOOD.replace("[1, 2, 3, 4]", "[[1, 2], [3, 4]]")
                .replace("[1, 1, 1, 1]", "{\"indices\": [1], \"values\": [[5, 6]]}"))
            .getFirst();
    assertThat(nested.shape()).isEqualTo(Shape.of(2, 2));
    assertThat(nested.initial()).containsExactly(1, 2, 3, 4);
    Gradient.Rows rows = (Gradient.Rows) nested.steps().getFirst().gradient();
    assertThat(rows.index(0)).isEqualTo(1);
    assertThat(rows.values().toArray(ValueLayout.JAVA_FLOAT)).containsExactly(5, 6);
    Recording scalar =
        read("""
        [{"name": "s", "shape": [], "config": {"learningRate": 1}, "param0": 0.5,
          "grads": [0.25, 1], "steps": [{"param": null}, {"param": 0.125}]}]
        """)
            .getFirst();
    assertThat(scalar.initial()).containsExactly(0.5f);
    assertThat(scalar.steps().getFirst().weights()).isNull();
    assertThat(scalar.steps().getLast().weights()).containsExactly(0.125);
  }

  @Test
  void numbersThatAreNotFiniteAreWordsOrNull() throws IOException {
    Recording.Step step =
        read(GOOD.replace("[1, 1, 1, 1]", "[NaN, -Infinity, 1e39, null]")
                .replace("[0, 0, 0, 0]", "[\"NaN\", \"-Infinity\", Infinity, null]"))
            .getFirst()
            .steps()
            .getFirst();
    assertThat(step.weights())
        .containsExactly(
            Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, Double.NaN);
    assertThat(step.gradient().values().toArray(ValueLayout.JAVA_FLOAT))
        .containsExactly(Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.NaN);
  }

  @Test
  void integersOfAnyLengthAreNumbers() throws IOException {
    assertThat(read(GOOD.replace("[1, 2,", "[100000000000000000000000, 2,")).getFirst().initial())
        .startsWith(1e23f);
  }

  @Test
  void notesInOtherPlacesAreIgnored() throws IOException {
    assertThat(
            read(
                GOOD.replace("\"shape\"", "\"origin\": {\"a\": 1}, \"shape\"")
                    .replace("\"param\"", "\"loss\": 0.1, \"param\"")))
        .hasSize(1);
  }

  @Test
  void aFileOfTensOfMegabytesIsRead() throws IOException {
    int size = 500_000;
    String values = "-0.12345678901234567, ".repeat(size - 1) + "0.5";
    List<Recording> recordings =
        read(
            GOOD.replace("[2, 2]", "[" + size + "]")
                .replaceAll("\\[(\\d, ){3}\\d]", "[" + values + "]"));
    assertThat(Files.size(folder.resolve("a.json"))).isGreaterThan(30_000_000);
    assertThat(recordings.getFirst().initial()).hasSize(size).endsWith(0.5f);
  }

  static Stream<Arguments> unusable() {
    return Stream.of(
        Arguments.of("\"shape\": [2, 2]", "\"x\": 0", "shape is missing; give an array"),
        Arguments.of("[2, 2]", "[2, -2]", "shape[1] is -2; give a whole number of at least 0"),
        Arguments.of("[2, 2]", "[4, 0.5]", "shape[1] is 0.5; give a whole number of at least 0"),
        Arguments.of("[2, 2]", "4", "shape is 4; give an array"),
        Arguments.of("[2, 2]", "[3, 2]", "param0 has 4 values; shape [3, 2] needs 6"),
        Arguments.of("[2, 2]", "[4611686018427387904, 4]", "shape: shape ["),
        Arguments.of("[2, 2]", "[0, 1000000000000]", "shape is [0, 1000000000000], which has no"),
        Arguments.of("[2, 2]", "[0, 4000000000000000000, 5]", "they may add up to 16777216"),
        Arguments.of("[2, 2]", "[3000000000, 0]", "they may add up to 16777216"),
        Arguments.of("[2, 2]", "[10000000, 0, 10000000]", "they may add up to 16777216"),
        Arguments.of("[2, 2]", "[3000000000]", "param0 has 4 values; shape [3000000000] needs"),
        Arguments.of(
            "[1, 2, 3, 4]",
            "[[1], [2], [3], [4]]",
            "param0 is nested as [4, 1]; nest it as [2, 2] or give 4 values flat"),
        Arguments.of(
            "[1, 2, 3, 4]",
            "[[1, 2, 3], [4]]",
            "param0[0] has shape [3] and param0[1] has [1]; nest param0 as [2, 2] or flat"),
        Arguments.of("[1, 2, 3, 4]", "[1, [2, 3], 4]", "param0[0] has shape [] and param0[1] has"),
        Arguments.of("[1, 2, 3, 4]", "7", "param0 is 7; shape [2, 2] needs 4 values"),
        Arguments.of("[0, 0, 0, 0]", "[[0, 0, 0, 0]]", "steps[0].param is nested as [1, 4]; nest"),
        Arguments.of("[1, 1, 1, 1]", "[[1, 1, 1, 1]]", "grads[0] is nested as [1, 4]; nest it as"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [1], \"values\": [[1], [1]]}",
            "grads[0].values is nested as [2, 1]; nest it as [1, 2] or give 2 values flat"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [1], \"values\": [1, 1], \"scale\": 2}",
            "grads[0] has the key \"scale\", which is not known; rename or remove it"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [1], \"values\": [1, 1], \"values_shape\": [2, 1]}",
            "grads[0].values_shape is [2, 1]; 1 rows of shape [2, 2] are [1, 2]"),
        Arguments.of(
            "0.5",
            "1, \"momentumKind\": \"nesterov\"",
            "config.momentum is missing, without which config.momentumKind has no meaning"),
        Arguments.of("\"param0\"", "\"param1\"", "param0 is missing; give its values"),
        Arguments.of("[1, 2, 3, 4]", "[1, 2, 3, \"4\"]", "param0 holds \"4\"; give numbers"),
        Arguments.of("[1, 2, 3, 4]", "[1, 2, 3, {}]", "param0 holds an object; give numbers"),
        Arguments.of("[1, 2, 3, 4]", "[1, 2, 1e39, 4]", "param0 holds 1.0E39 at 2; float32 "),
        Arguments.of(
            "[1, 2, 3, 4]", "[1, 1" + "0".repeat(400) + ", 3, 4]", "Infinity at 1; float32"),
        Arguments.of("[1, 2, 3, 4]", "[1, NaN, 3, 4]", "param0 holds NaN at 1; float32 weights"),
        Arguments.of("\"grads\"", "\"gradients\"", "grads is missing; give an array"),
        Arguments.of("[[1, 1, 1, 1]]", "[[1], [2]]", "grads has 2 entries and steps has 1; give"),
        Arguments.of("[[1, 1, 1, 1]]", "[]", "grads has 0 entries and steps has 1; give"),
        Arguments.of("[1, 1, 1, 1]", "[1]", "grads[0] has 1 values; shape [2, 2] needs 4"),
        Arguments.of("[1, 1, 1, 1]", "null", "grads[0] is null; give its values, zeros included"),
        Arguments.of("[1, 1, 1, 1]", "{\"values\": [0]}", "grads[0].indices is missing; give an"),
        Arguments.of(
            "[1, 1, 1, 1]", "{\"indices\": [0]}", "grads[0].values is missing; give its values"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [0, 2], \"values\": [1, 1, 1, 1]}",
            "grads[0].indices holds 2; shape [2, 2] has the rows 0 to 1"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [-1], \"values\": [1, 1]}",
            "grads[0].indices[0] is -1; give a whole number of at least 0"),
        Arguments.of(
            "[1, 1, 1, 1]",
            "{\"indices\": [1], \"values\": [1, 1, 1, 1]}",
            "grads[0].values has 4 values; shape [1, 2] needs 2"),
        Arguments.of("{\"param\": [0, 0, 0, 0]}", "[0, 0, 0, 0]", "steps[0] is an array; give an"),
        Arguments.of("\"param\": [0, 0, 0, 0]", "\"w\": [0]", "nothing to compare; record weights"),
        Arguments.of("[0, 0, 0, 0]", "[0]", "steps[0].param has 1 values; shape [2, 2] needs 4"),
        Arguments.of("{\"learningRate\": 0.5}", "0.5", "config is 0.5; give an object"),
        Arguments.of("\"config\"", "\"conf\"", "config is missing; give an object"),
        Arguments.of(
            "\"learningRate\": 0.5",
            "",
            "config.learningRate is missing and has no default; give that of every step"),
        Arguments.of(
            "\"learningRate\": 0.5",
            "\"lr\": 0.5",
            "config has the key \"lr\", which is not known; rename or remove it, known are learn"),
        Arguments.of("0.5", "-0.5", "config.learningRate: learning rate is -0.5"),
        Arguments.of("0.5", "\"0.5\"", "config.learningRate is \"0.5\"; give a number"),
        Arguments.of("0.5", "[0.5]", "config.learningRate is an array; give a number"),
        Arguments.of("0.5", "1, \"momentum\": 1", "config.momentum: momentum beta is 1.0; it "),
        Arguments.of("0.5", "1, \"beta2\": 0", "config.beta2: second-moment beta is 0.0; it must"),
        Arguments.of("0.5", "1, \"epsilon\": -1", "config.epsilon: epsilon is -1.0; it must be 0"),
        Arguments.of("0.5", "1, \"weightDecay\": -1", "config.weightDecay: weight decay is -1.0"),
        Arguments.of(
            "0.5",
            "1, \"momentumKind\": \"Nesterov\"",
            "config.momentumKind is \"Nesterov\"; give \"average\", \"heavy-ball\" or \"nesterov\""),
        Arguments.of(
            "0.5",
            "1, \"algorithm\": \"SM3_II\"",
            "config.algorithm is \"SM3_II\"; give \"SM3-I\" or \"SM3-II\""),
        Arguments.of("0.5", "1, \"algorithm\": 2", "config.algorithm is 2; give a string"),
        Arguments.of(
            "0.5",
            "1, \"cover\": \"columns\"",
            "config.cover is \"columns\"; give \"slices\", \"singletons\", \"whole\", \"rows\" or"),
        Arguments.of("0.5", "1, \"cover\": true", "config.cover is true; give \"slices\""),
        Arguments.of("0.5", "1, \"cover\": [0, 1]", "config.cover[0] is 0; give an array"));
  }

  @ParameterizedTest
  @MethodSource("unusable")
  void anUnusableSequenceIsNamed(String old, String replacement, String says) {
    assertThat(GOOD).contains(old);
    assertThatThrownBy(() -> read(GOOD.replace(old, replacement)))
        .isInstanceOf(UserError.class)
        .message()
        .startsWith(folder.resolve("a.json") + ": sequence 'w': ")
        .contains(says)
        .doesNotContain("\n");
  }

  /** What core says about sets that do not fit the tensor. */
  @ParameterizedTest
  @MethodSource("unusableSets")
  void setsMustCoverTheTensor(String sets) {
    assertThatThrownBy(() -> read(GOOD.replace("0.5", "1, \"cover\": " + sets)))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(folder.resolve("a.json") + ": sequence 'w': ");
  }

  static Stream<String> unusableSets() {
    return Stream.of("[]", "[[0, 1, 2]]", "[[0, 1, 2, 3, 4]]");
  }

  static Stream<Arguments> notRecordings() {
    return Stream.of(
        Arguments.of("", "a.json is empty; record"),
        Arguments.of(" \n", "a.json is empty; record"),
        Arguments.of("[{\"name\": \"a", "the file ends too early"),
        Arguments.of("[" + "[".repeat(600), "more than 500 arrays and objects are nested"),
        Arguments.of("[{\"name\": x}]", ": unexpected 'x'"),
        Arguments.of("{\"sequences\": []}", "not a JSON array of sequences"),
        Arguments.of("[]", "the array is empty; record at least one sequence"),
        Arguments.of("[1]", "sequence 1: this entry is 1; a sequence is an object with name"),
        Arguments.of("[{}]", "sequence 1: name is missing; give a string"),
        Arguments.of("[{\"name\": \"\"}]", "sequence 1: name is \"\"; give it a name of one line"),
        Arguments.of(
            "[{\"name\": \"a\\nb\"}]", "sequence 1: name is \"a\\nb\"; give it a name of one line"),
        Arguments.of("[{\"name\": \"a\"", "at line 1, column 14: the file ends too early"),
        Arguments.of("[{\"name\": \"a\", \"name\": \"b\"}]", ": the key \"name\" is given twice"),
        Arguments.of(
            "[" + "1".repeat(4000) + "]", ": a number has more than 1000 digits; round it"),
        Arguments.of("gradients", ": unexpected 'gradients'"),
        Arguments.of(GOOD + "[]", "more follows the array of sequences; put them all into one"));
  }

  @ParameterizedTest
  @MethodSource("notRecordings")
  void whatIsNoRecordingIsRefused(String json, String says) {
    assertThatThrownBy(() -> read(json))
        .isInstanceOf(UserError.class)
        .message()
        .startsWith(folder.resolve("a.json").toString())
        .contains(says)
        .doesNotContain("\n", "Node", "Feature", "Stream", "REDACTED");
  }

  @Test
  void aMomentumOf0MayHaveAKind() throws IOException {
    assertThat(recipe("\"learningRate\": 1, \"momentum\": 0, \"momentumKind\": \"nesterov\""))
        .isNotNull();
  }

  @Test
  void emptyTensorsMayBeNestedAsFarAsTheyHaveElements() throws IOException {
    String json = GOOD.replace("[2, 2]", "[2, 0, 3]").replaceAll("\\[(\\d, ){3}\\d]", "[[], []]");
    assertThat(read(json).getFirst().initial()).isEmpty();
    assertThat(read(json.replace("[[], []]", "[]")).getFirst().initial()).isEmpty();
  }

  @Test
  void rowsMayNoteTheShapeOfTheirValues() throws IOException {
    String rows = "{\"indices\": [1], \"values\": [1, 1], \"values_shape\": [1, 2]}";
    assertThat(read(GOOD.replace("[1, 1, 1, 1]", rows))).hasSize(1);
  }

  @Test
  void filesThatCannotBeReadAreNamed() {
    Path none = folder.resolve("none.json");
    assertThatThrownBy(() -> RecordingFile.read(none))
        .isInstanceOf(UserError.class)
        .hasMessage("cannot read " + none + ": no such file or directory");
    assertThatThrownBy(() -> RecordingFile.read(folder))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("cannot read " + folder + ": ");
  }
}
