package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.testkit.GoldenSequence;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReplayCommandTest {

  /** A first step of SM3 takes eta off each weight; the third weight is recorded 2^-10 too high. */
  private static final String OFF =
      """
      [{"name": "exact", "shape": [2], "config": {"learningRate": 0.5}, "param0": [2, 2],
        "grads": [[1, 1]], "steps": [{"param": [1.5, 1.5]}]},
       {"name": "off", "shape": [2, 2], "config": {"learningRate": 0.5}, "param0": [2, 2, 2, 2],
        "grads": [[1, 1, 1, 1], [0, 0, 0, 0]],
        "steps": [{}, {"param": [1.5, 1.5, 1.5009765625, 1.5]}]}]
      """;

  @TempDir private Path folder;

  private static Result replay(String... arguments) {
    return mincover("replay", List.of(arguments));
  }

  private String file(String name, String json) throws IOException {
    return Files.writeString(folder.resolve(name), json).toString();
  }

  @Test
  void printsALineASequenceAndASummary() throws IOException {
    String file = file("off.json", OFF);
    Result result = replay(file);
    assertThat(result.err()).isEmpty();
    assertThat(result.out().lines())
        .containsExactly(
            "exact  [2]     1 step               largest difference 0  ok",
            "off    [2, 2]  2 steps, 1 compared  largest difference 9.766e-04 at step 2, index [1, 0]"
                + "  DIFFERS",
            "2 sequences: 1 not within 1.0E-6; largest difference 9.766e-04 at step 2, index [1, 0]"
                + " in 'off' of "
                + file);
    assertThat(result.code()).isEqualTo(1);
  }

  @Test
  void severalFilesAreNamedAboveTheirSequences() throws IOException {
    String one = file("one.json", OFF);
    String two = file("two.json", OFF.replace("1.5009765625", "1.501953125"));
    List<String> lines = replay(one, two).out().lines().toList();
    assertThat(lines).hasSize(7);
    assertThat(lines.get(0)).isEqualTo(one);
    assertThat(lines.get(3)).isEqualTo(two);
    assertThat(lines.getLast()).startsWith("4 sequences: 2 not within").endsWith(" of " + two);
  }

  @Test
  void theToleranceSetsTheExitCode() throws IOException {
    String file = file("off.json", OFF);
    Result result = replay(file, "--tolerance", "0.001");
    assertThat(result.code()).isZero();
    assertThat(result.out()).contains("2 sequences: all within 0.001; ").doesNotContain("DIFFERS");
    assertThat(replay(file, "--tolerance", "0.0009").code()).isEqualTo(1);
  }

  @Test
  void equalWeightsAreWithinATolerance0() throws IOException {
    String file = file("exact.json", OFF.substring(0, OFF.indexOf("]},") + 2) + "]");
    Result result = replay("--tolerance", "0", file);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).endsWith("1 sequence: all within 0.0; no weight differs\n");
  }

  @Test
  void jsonIsOneDocument() throws IOException {
    String file = file("off.json", OFF);
    Result result = replay(file, "--json");
    assertThat(result.code()).isEqualTo(1);
    String row =
        "{'file': '%s', 'name': '%s', 'shape': %s, 'steps': %d, 'comparedSteps': 1, 'largestDifference': %s,";
    String expected =
        "{'tolerance': 1.0E-6, 'within': false, 'sequences': ["
            + row.formatted(file, "exact", "[2]", 1, "0.0")
            + " 'step': null, 'index': null, 'within': true, 'stoppedAt': null, 'message': null,"
            + " 'likelyReason': null}, "
            + row.formatted(file, "off", "[2, 2]", 2, "9.765625E-4")
            + " 'step': 2, 'index': [1, 0], 'within': false, 'stoppedAt': null,"
            + " 'message': null, 'likelyReason': null}]}";
    assertThat(JsonMapper.shared().readTree(result.out()))
        .isEqualTo(JsonMapper.shared().readTree(expected.replace('\'', '"')));
    assertThat(replay(file, "--json", "--tolerance", "1").out()).contains("\"within\" : true");
  }

  @Test
  void anInfiniteDifferenceIsNullInJson() throws IOException {
    String file = file("a.json", OFF.replace("1.5009765625", "Infinity"));
    JsonNode off = JsonMapper.shared().readTree(replay(file, "--json").out()).at("/sequences/1");
    assertThat(off.get("largestDifference").isNull()).isTrue();
    assertThat(off.get("index").get(0).asInt()).isEqualTo(1);
    assertThat(off.get("message").asString())
        .isEqualTo("not finite: Mincover has 1.5, the recording Infinity");
    assertThat(replay(file).out())
        .contains(
            "largest difference not finite at step 2, index [1, 0]; not finite: Mincover has 1.5",
            "2 sequences: 1 not within 1.0E-6; largest difference not finite at step 2, index");
  }

  @Test
  void aGradientThatIsRefusedIsTold() throws IOException {
    String file = file("nan.json", OFF.replace("[0, 0, 0, 0]", "[0, NaN, 0, 0]"));
    Result result = replay(file, "--tolerance", "1");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.out())
        .contains(
            "off    [2, 2]  2 steps, 0 compared  largest difference unknown; stopped at step 2: the gradient"
                + " is NaN at [0, 1]; leave out steps that were skipped  DIFFERS",
            "2 sequences: 1 stopped early ('off' of %s); no weight differs in the steps compared"
                .formatted(file));
    JsonNode off = JsonMapper.shared().readTree(replay(file, "--json").out()).at("/sequences/1");
    assertThat(off.get("stoppedAt").asInt()).isEqualTo(2);
    assertThat(off.get("message").asString()).startsWith("stopped at step 2");
    assertThat(off.get("largestDifference").isNull()).isTrue();
  }

  @Test
  void aSummaryOfStoppedSequencesSaysNoMoreThanWasCompared() throws IOException {
    String nan = OFF.substring(0, OFF.indexOf("]},") + 2).replace("[[1, 1]]", "[[NaN, 1]]");
    String file = file("nan.json", nan + "]");
    assertThat(replay(file).out())
        .endsWith(
            "1 sequence: 1 stopped early ('exact' of %s); nothing was compared\n".formatted(file));
    String four = String.join(", ", nan.substring(1), nan.substring(1), nan.substring(1));
    assertThat(replay(file("four.json", nan + ", " + four + "]")).out())
        .contains("4 sequences: 4 stopped early (", " and 1 more); ");
  }

  @Test
  void anUnusableFileIsRefusedBeforeAnythingIsReported() throws IOException {
    String good = file("good.json", OFF);
    String bad = file("bad.json", OFF.replace("\"off\"", "\"x\"").replace("[2, 2],", "[2, 3],"));
    for (String json : List.of("--json", "--tolerance=1")) {
      Result result = replay(good, bad, json);
      assertThat(result.code()).isEqualTo(2);
      assertThat(result.out()).isEmpty();
      assertThat(result.err().strip())
          .startsWith("mincover: " + bad + ": sequence 'x': param0 has 4 values; ")
          .doesNotContain("\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1e-6", "NaN", "Infinity", "small"})
  void aToleranceMustBeANumberOfAtLeast0(String tolerance) throws IOException {
    Result result = replay(file("off.json", OFF), "--tolerance", tolerance);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip())
        .startsWith("mincover: ")
        .contains("--tolerance", tolerance.equals("-1e-6") ? "-1.0E-6" : tolerance)
        .doesNotContain("\n");
  }

  @Test
  void aFileMustBeNamed() {
    assertThat(replay().code()).isEqualTo(2);
    assertThat(replay().err()).contains("FILE");
    assertThat(replay(folder.resolve("none.json").toString()).err())
        .endsWith("none.json: no such file or directory\n");
  }

  @Test
  void helpShowsAFileAndAnExample() {
    Result result = replay("--help");
    assertThat(result.code()).isZero();
    assertThat(result.out())
        .contains("\"param0\"", "Example: mincover replay", "Default: 1e-6", "--json")
        .contains("learningRate is required", "null is NaN", "index lists one");
  }

  @ParameterizedTest
  @CsvSource({
    "tf_reference.json, 18",
    "tf_reference_sparse.json, 3",
    "paper_reference_float64.json, 42",
    "published_test_cases.json, 28",
    "probes.json, 12"
  })
  void theProjectsOwnRecordingsAreWithinTheTolerance(String name, int count) throws IOException {
    Path file = folder.resolve(name);
    try (InputStream in = GoldenSequence.class.getResourceAsStream("golden/" + name)) {
      Files.copy(requireNonNull(in), file);
    }
    Result result = replay(file.toString());
    assertThat(result.code()).as(result.out() + result.err()).isZero();
    assertThat(result.out().lines()).hasSize(count + 1);
  }
}
