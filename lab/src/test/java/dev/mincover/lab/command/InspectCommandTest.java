package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.lab.common.JsonFields;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.ParameterStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code mincover inspect} over runs of {@code mincover train}. */
class InspectCommandTest {

  private static final String TRAIN =
      "train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --threads 2 --steps 20";

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    text = Files.writeString(folder.resolve("text.txt"), "All work and no play.\n".repeat(200));
  }

  private Result train(String more) {
    List<String> arguments = new ArrayList<>(List.of(TRAIN.split(" ")));
    arguments.addAll(
        List.of("--corpus", text.toString(), "--out", folder.resolve("run").toString()));
    if (!more.isEmpty()) {
      arguments.addAll(List.of(more.split(" ")));
    }
    return mincover(arguments.toArray(String[]::new));
  }

  private Result inspect(String... more) {
    List<String> arguments = new ArrayList<>(List.of("inspect", folder.resolve("run").toString()));
    arguments.addAll(List.of(more));
    return mincover(arguments.toArray(String[]::new));
  }

  private RunDirectory run() {
    return new RunDirectory(folder.resolve("run"));
  }

  @Test
  void everyParameterIsTold() {
    Result trained = train("");
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(trained.out())
        .contains("model.safetensors, statistics.safetensors, report.html, checkpoints in ");
    Result result = inspect();
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).startsWith("SM3-II, momentum 0.9, after 20 steps");
    assertThat(result.out())
        .contains("parameter ", "tightness", "rate from")
        .containsPattern("wte\\.weight +256x16 +slices +1\\.1 kB +[0-9.]+ +[0-9.e+-]+ +[0-9.e+-]+")
        .containsPattern("ln_f\\.bias +16 +singletons +64 B +1\\.0 ")
        .contains(
            "Rates are eta / sqrt(nu) after the last step, eta = 0.08, the schedule's highest.")
        .doesNotContain(">=");
    assertThat(result.out().lines()).allMatch(line -> line.length() <= 100);
  }

  @Test
  void figuresAsJson() throws IOException {
    train("--cover wte.weight=columns --clip 1 --rate-multiplier *.bias=2");
    Path file = folder.resolve("inspection.json");
    assertThat(inspect("--json", file.toString(), "--sort", "name").out())
        .contains("parameter ", "before clipping");
    String json = Files.readString(file);
    assertThat(JsonFields.of(json, ""))
        .isEqualTo("optimizer hasCovers steps learningRate rates loose notes parameters");
    assertThat(JsonFields.of(json, "/parameters/0"))
        .isEqualTo(
            "name shape current accumulatorBytes smallestRate largestRate slices candidates advice");
    assertThat(JsonFields.of(json, "/parameters/0/current"))
        .isEqualTo("cover bytes tightness lowerBound");
    JsonNode all = JsonMapper.shared().readTree(json);
    assertThat(all.get("steps").asLong()).isEqualTo(20);
    assertThat(all.get("learningRate").asDouble()).isEqualTo(0.08);
    GradientStatistics statistics = GradientStatistics.read(run());
    List<String> names = new ArrayList<>();
    for (JsonNode parameter : all.get("parameters")) {
      names.add(parameter.get("name").asString());
      ParameterStatistics recorded = statistics.parameter(names.getLast());
      JsonNode current = parameter.get("current");
      assertThat(parameter.get("accumulatorBytes").asLong())
          .isEqualTo(current.get("bytes").asLong());
      assertThat(parameter.get("slices").get("tightness").asDouble())
          .isEqualTo(recorded.tightnessSm3II());
      boolean columns = names.getLast().equals("wte.weight");
      assertThat(current.get("lowerBound").asBoolean()).isEqualTo(columns);
      assertThat(parameter.get("candidates").size()).isEqualTo(recorded.shape().rank() < 2 ? 2 : 5);
      assertThat(parameter.get("smallestRate").asDouble())
          .isLessThanOrEqualTo(parameter.get("largestRate").asDouble());
      if (names.getLast().equals("ln_f.bias")) {
        float largest = 0;
        for (float nu : recorded.optimizer()[0]) {
          largest = Math.max(largest, nu);
        }
        assertThat(parameter.get("smallestRate").asDouble())
            .isEqualTo(2 * 0.08 / Math.sqrt(largest));
      }
    }
    assertThat(names).isSorted().contains("wte.weight");
    Result printed = inspect("--json", "-", "--sort", "name");
    assertThat(JsonMapper.shared().readTree(printed.out())).isEqualTo(all);
  }

  /** The model's positions, whose statistics are replaced by a diagonal pattern. */
  @Test
  void aLooseCoverGetsAdviceInPlainWords() {
    train("");
    GradientStatistics recorded = GradientStatistics.read(run());
    List<ParameterStatistics> parameters = new ArrayList<>();
    for (ParameterStatistics parameter : recorded.parameters()) {
      parameters.add(parameter.name().equals("wpe.weight") ? diagonal(parameter) : parameter);
    }
    new GradientStatistics(20, parameters).write(run().statistics());
    String out = inspect().out();
    assertThat(out)
        .contains("wpe.weight is loose under slices: nu of its median weight is 100 times")
        .contains("the learning rate 10 times smaller than AdaGrad's")
        .containsPattern("columns +64 B +tightness +>= 100")
        .contains("Tighter: --cover 'wpe.weight=singletons', 896 B more, learning rates about 10")
        .doesNotContain("No cover is loose");
    assertThat(inspect("--sort", "tightness").out().lines().skip(3).findFirst())
        .hasValueSatisfying(line -> assertThat(line).startsWith("wpe.weight"));
  }

  @Test
  void theLoosestAreToldInFull() {
    train("--layers 2 --cover whole");
    String out = inspect().out();
    assertThat(out)
        .containsSubsequence("Tighter: ", "Tighter: ", "Tighter: ", "Also loose: ")
        .contains("is loose under whole: nu of its median weight is at least")
        .contains("weight=slices', ");
  }

  @Test
  void adaGradHearsWhatSlicesWouldSave() {
    train("--optimizer adagrad --learning-rate 0.1");
    assertThat(inspect().out())
        .containsPattern("wte\\.weight +256x16 +singletons +16\\.4 kB +1\\.0 ")
        .contains("No cover is loose, which is a tightness above 30: the highest is 1.")
        .contains("SM3 with slices would keep 27.5 kB less than these second moments.");
  }

  private static ParameterStatistics diagonal(ParameterStatistics parameter) {
    float[] sums = new float[256];
    float[][] mu = new float[2][16];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = i % 17 == 0 ? 100 : 1;
    }
    for (int i = 0; i < 16; i++) {
      mu[0][i] = 100;
      mu[1][i] = 100;
    }
    return new ParameterStatistics(parameter.name(), parameter.shape(), sums, mu, mu, mu);
  }

  @Test
  void anOptimizerWithoutCoversHearsOfSlices() {
    train("--optimizer adam --learning-rate 0.01");
    String out = inspect().out();
    assertThat(out)
        .startsWith("Adam, momentum 0.9, after 20 steps")
        .containsPattern("wte\\.weight +256x16 +- +16\\.4 kB +[0-9.]+ ")
        .contains("what SM3-II with slices would have had")
        .contains("eta / (sqrt(v / (1 - beta2^t)) + epsilon)");
  }

  @Test
  void adafactorsRatesAreNotKnown() {
    train("--optimizer adafactor");
    assertThat(inspect().out())
        .containsPattern("wte\\.weight +256x16 +- +1\\.1 kB +[0-9.]+ +- +-\n")
        .doesNotContain("Rates are");
  }

  @Test
  void statisticsOfSomeParametersOnly() {
    train("--statistics h.*.weight ln_f.bias");
    String out = inspect().out();
    assertThat(out)
        .contains("h.0.attn.c_attn.weight", "ln_f.bias")
        .doesNotContain("wte.weight")
        .containsPattern("Statistics were recorded of [0-9,]+ of the 7,664 weights");
  }

  @Test
  void aRunWithoutStatisticsIsToldHowToGetThem() {
    Result trained = train("--statistics none");
    assertThat(trained.code()).isZero();
    assertThat(trained.out())
        .contains("summary.json, model.safetensors, report.html, checkpoints in ");
    assertThat(run().statistics()).doesNotExist();
    Result result = inspect();
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.err().strip())
        .startsWith("mincover: no statistics.safetensors in ")
        .endsWith("train with --statistics all to record them");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--statistics wte          | --statistics: no parameter is called 'wte'; there are wte.",
        "--statistics none wte.*   | --statistics is 'none wte.*'; give all, none, or patterns",
        "--statistics all none     | --statistics is 'all none'; give all, none, or patterns",
      })
  void badSelectionsLeaveNothing(String arguments, String says) {
    Result result = train(arguments);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains(says);
    assertThat(run().path()).doesNotExist();
  }

  @Test
  void badInput() {
    assertThat(inspect().err()).startsWith("mincover: no run directory ");
    assertThat(inspect("--sort", "size").err())
        .contains("--sort is 'size'; it must be model, name, bytes, tightness or rate");
    assertThat(mincover("inspect").code()).isEqualTo(2);
    train("");
    Result result = inspect("--json", folder.resolve("none").resolve("i.json").toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("cannot write ", "i.json");
  }

  @Test
  void helpTellsHowToReadIt() {
    assertThat(mincover("inspect", "--help").out())
        .contains("RUN", "--sort", "--json", "nu / sum g^2");
    assertThat(mincover("train", "--help").out()).contains("--statistics");
  }
}
