package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.Mincover;
import dev.mincover.lab.compare.ComparedOptimizer;
import dev.mincover.lab.compare.ComparedRun;
import dev.mincover.lab.compare.ComparisonTrainings;
import dev.mincover.lab.language.LanguageTaskType;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.train.StepReport;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

class CompareCommandTest {

  private static final String MODEL = "--layers 1 --width 16 --heads 2 --context 16 --batch 4";

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    text = Files.writeString(folder.resolve("text.txt"), "All work and no play.\n".repeat(200));
  }

  private Result compare(String arguments) {
    return mincover(arguments(arguments).toArray(String[]::new));
  }

  private List<String> arguments(String more) {
    List<String> all = new ArrayList<>(List.of("compare"));
    all.addAll(List.of((MODEL + " --threads 2 --corpus " + text).split(" ")));
    if (!more.contains("--out")) {
      all.addAll(List.of("--out", folder.resolve("out").toString()));
    }
    all.addAll(List.of(more.split(" ")));
    return all;
  }

  private static JsonNode json(Path file) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file));
  }

  /** Of a run, the cell of a column in the row of a step. */
  private String cell(String run, int step, int column) throws IOException {
    Path metrics = folder.resolve("out").resolve(run).resolve("metrics.csv");
    return Files.readAllLines(metrics).get(step).split(",", -1)[column];
  }

  @Test
  void allTrainTheSameModelOnTheSameBatches() throws IOException {
    Path file = folder.resolve("all.json");
    Result result = compare("--optimizers sm3,adam --steps 30 --json " + file);
    assertThat(result.code()).as(result.err()).isZero();
    // Before the first step: equal weights, equal batch.
    assertThat(cell("adam", 1, 3)).isEqualTo(cell("sm3", 1, 3));
    assertThat(cell("adam", 2, 3)).isNotEqualTo(cell("sm3", 2, 3));
    JsonNode all = json(file);
    assertThat(folder.resolve("out/report.html"))
        .content()
        .contains("data-run=\"" + folder.resolve("out/adam"), "Activation patterns</h2>");
    assertThat(folder.resolve("out/adam/report.html")).doesNotExist();
    // Statistics come of one training alone, the last where there is no AdaGrad.
    assertThat(folder.resolve("out/adam/statistics.safetensors")).exists();
    assertThat(folder.resolve("out/sm3/statistics.safetensors")).doesNotExist();
    assertThat(all).isEqualTo(json(folder.resolve("out/comparison.json")));
    assertThat(all.get("finished").booleanValue()).isTrue();
    assertThat(all.get("steps").longValue()).isEqualTo(30);
    assertThat(all.get("tokens").longValue()).isEqualTo(30 * 4 * 16);
    int i = 0;
    for (String name : List.of("sm3", "adam")) {
      RunDirectory run = RunDirectory.open(folder.resolve("out").resolve(name));
      Summary summary = Summary.read(run.summary());
      assertThat(summary.course().finished()).isTrue();
      assertThat(summary.course().steps()).isEqualTo(30);
      assertThat(Files.readAllLines(run.metrics())).hasSize(31);
      try (Gpt model = ModelFile.load(run.model())) {
        assertThat(model.parameterCount()).isEqualTo(summary.memory().parameters());
      }
      JsonNode row = all.get("optimizers").get(i++);
      assertThat(row.get("optimizer").stringValue()).isEqualTo(name);
      double loss = requireNonNull(summary.quality().validationLoss());
      assertThat(row.get("validationLoss").doubleValue()).isCloseTo(loss, within(1e-12));
      assertThat(row.get("validationBits").doubleValue())
          .isEqualTo(summary.quality().validationBits());
      assertThat(row.get("perplexity").doubleValue()).isCloseTo(Math.exp(loss), within(1e-9));
      assertThat(row.get("standardDeviation").isNull()).isTrue();
      assertThat(row.get("optimizerStateBytes").longValue())
          .isEqualTo(summary.memory().optimizerStateBytes());
      assertThat(row.get("optimizerShare").doubleValue()).isBetween(0.0, 1.0);
      assertThat(row.get("settings").get("learningRate").doubleValue())
          .isEqualTo(summary.optimizer().rate().learningRate());
      assertThat(row.get("runs").get(0).get("directory").stringValue())
          .isEqualTo(run.path().toString());
      if (OS.LINUX.isCurrentOs()) {
        assertThat(row.get("peakMemoryBytes").longValue()).isGreaterThan(50_000_000);
      }
      assertThat(result.out())
          .containsPattern(
              "(?m)^%s +%.3f +- +[0-9.]+ +%,d +%.2f "
                  .formatted(
                      name,
                      summary.quality().validationBits(),
                      summary.memory().optimizerStateBytes(),
                      (double) summary.memory().optimizerStateBytes()
                          / summary.memory().parameters()));
    }
    assertThat(Summary.read(folder.resolve("out/adam/summary.json")).memory().optimizerStateBytes())
        .isBetween(8L * 7664, 8L * 7664 + 4 * 32);
    assertThat(result.out().lines()).noneMatch(line -> line.startsWith("step "));
    assertThat(result.err()).contains("1/2  sm3, seed 1", "step 30/30", "2/2  adam, seed 1");
  }

  @Test
  void aSweepFindsRatesToTrainWith() throws IOException {
    Result result =
        compare(
            "--sweep --sweep-rates 3 --sweep-warmups 0.25 --optimizers sgd --seeds 7 --steps 12"
                + " --json -");
    assertThat(result.code()).as(result.err()).isZero();
    JsonNode sweep = json(folder.resolve("out/sweep.json"));
    assertThat(sweep.get("finished").booleanValue()).isTrue();
    assertThat(sweep.get("trials").size()).isEqualTo(6);
    double best = Double.POSITIVE_INFINITY;
    double rate = 0;
    for (int i = 0; i < 6; i += 2) {
      JsonNode one = sweep.get("trials").get(i);
      JsonNode two = sweep.get("trials").get(i + 1);
      assertThat(one.get("seed").longValue()).isEqualTo(8);
      assertThat(two.get("seed").longValue()).isEqualTo(9);
      assertThat(one.get("steps").longValue()).isEqualTo(12);
      assertThat(two.get("learningRate")).isEqualTo(one.get("learningRate"));
      double sum =
          one.get("validationLoss").doubleValue() + two.get("validationLoss").doubleValue();
      if (sum < best) {
        best = sum;
        rate = one.get("learningRate").doubleValue();
      }
    }
    JsonNode winner = sweep.get("winners").get(0);
    assertThat(winner.get("learningRate").doubleValue()).isEqualTo(rate);
    assertThat(winner.get("validationLoss").doubleValue()).isEqualTo(best / 2);
    assertThat(winner.get("rates").size()).isEqualTo(3);
    OptimizerSettings trained = Summary.read(folder.resolve("out/sgd/summary.json")).optimizer();
    assertThat(trained.rate().learningRate()).isEqualTo(rate);
    assertThat(trained.rate().warmup()).isEqualTo(0.25);
    assertThat(result.err())
        .containsPattern("(?m)^sgd +[0-9.]+ to [0-9.]+ +[0-9.]+ +25 % +[0-9.]+");
    // Standard output is the comparison alone.
    JsonNode comparison = JsonMapper.shared().readTree(result.out());
    assertThat(comparison).isEqualTo(json(folder.resolve("out/comparison.json")));
  }

  @Test
  void aSweepAloneTrainsNothingElse() throws IOException {
    Result result =
        compare(
            "--sweep-only --sweep-rates 2 --sweep-warmups 0.1,0.5 --sweep-seeds 1 --optimizers"
                + " sm3,adafactor --steps 4");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains("optimizer", "sm3", "adafactor", "mean of seeds 2");
    try (Stream<Path> files = Files.list(folder.resolve("out"))) {
      assertThat(files)
          .extracting(file -> file.getFileName().toString())
          .containsExactlyInAnyOrder("sweep.json", "comparing.json", ".lock");
    }
  }

  @Test
  void aTrainingThatFailsIsTold() {
    ComparedOptimizer sm3 =
        ComparedOptimizer.named(List.of("sm3"), new LanguageTaskType()).getFirst().at(1e30, 0.0);
    List<String> train = List.of(("train " + MODEL + " --threads 2 --corpus " + text).split(" "));
    List<@Nullable ComparedRun> ended = new ArrayList<>();
    var runs =
        new ComparisonTrainings(
                List.of(sm3), List.of(1L, 2L), 10, Mincover.class.getName(), train, folder)
            .run(
                () -> !ended.isEmpty(),
                new ComparisonTrainings.Listener() {
                  @Override
                  public void begins(ComparedOptimizer o, long seed, int number, int of) {}

                  @Override
                  public void at(StepReport report) {}

                  @Override
                  public void ends(@Nullable ComparedRun run) {
                    ended.add(run);
                  }
                });
    assertThat(ended).hasSize(1);
    ComparedRun run = requireNonNull(runs.get(sm3)).runs().getFirst();
    assertThat(run.end().finished()).isFalse();
    assertThat(run.end().failure()).contains("try a smaller --learning-rate than 1.0E30");
    assertThat(run.directory()).isEqualTo(folder.resolve("sm3-seed1").toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--optimizers lion            | no optimizer is called 'lion'; there are sm3, sm3-bf16, ",
        "--budget 5                   | --budget is '5'; it must be a time above 0",
        "--budget 5m --steps 10       | --steps and --budget choose the number of steps twice",
        "--budget 1s --optimizers sgd | --budget 1s is too short for 10 steps with each of 1 opt",
        "--budget 1s --sweep          | --budget 1s is too short for a search, 410 trainings",
        "--steps 0                    | --steps is 0; it must be at least 1",
        "--seeds one                  | Invalid value for option '--seeds'",
        "--weights bf16               | --weights bfloat16 is not for --optimizer torch-fused-adam",
        "--sweep --sweep-rates 1      | --sweep-rates is 1; it must be at least 2 and at most 64",
        "--sweep --sweep-seeds 0      | --sweep-seeds is 0; it must be at least 1",
        "--sweep --sweep-warmups 2    | --sweep-warmups is 2.0; it must be at least 0 and at most 1",
        "--sweep-warmups 0.1          | --sweep-warmups has no effect without --sweep; add that",
        "--sweep-only --open          | --open has no effect with --sweep-only",
        "--sweep-rates 3              | --sweep-rates has no effect without --sweep; add that",
        "--width 15                   | width 15 is not divisible by heads 2",
        "--json no/such/file.json     | is not a writable directory; choose another",
        "--out .                      | run directory . exists; choose another with --out"
      })
  void badInputGetsOneLineAndLeavesNothing(String arguments, String says) {
    Result result = compare(arguments);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().strip()).startsWith("mincover: ").contains(says).doesNotContain("\n");
    assertThat(folder.resolve("out")).doesNotExist();
  }

  @Test
  void theHelpNamesEveryOptimizer() {
    String help = compare("--help").out().replaceAll("\\s+", " ");
    ComparedOptimizer.all(new LanguageTaskType())
        .forEach(optimizer -> assertThat(help).contains(optimizer.name()));
    assertThat(help).contains("Task and run:", "--corpus", "Model:", "--sweep-only");
  }

  /** A real process and a real signal. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void anInterruptKeepsAndTellsWhatHasFinished() throws Exception {
    Process process = MincoverProcess.start(arguments("--optimizers sgd,adam --steps 1500"));
    String rest;
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String line = out.readLine();
      boolean second = false;
      while (line != null && !(second && line.startsWith("step "))) {
        second |= line.startsWith("2/2  sgd");
        line = out.readLine();
      }
      assertThat(line).isNotNull();
      MincoverProcess.interrupt(process);
      rest = out.readAllAsString();
      assertThat(process.waitFor()).isEqualTo(130);
    } finally {
      process.destroyForcibly();
    }
    assertThat(rest)
        .containsPattern("(?m)^adam +[0-9.]+ ")
        .containsPattern("(?m)^sgd +stopped +- ")
        .containsPattern("2/2  sgd, seed 1: stopped after [0-9,]+ steps");
    JsonNode comparison = json(folder.resolve("out/comparison.json"));
    assertThat(comparison.get("finished").booleanValue()).isFalse();
    assertThat(Summary.read(folder.resolve("out/adam/summary.json")).course().finished()).isTrue();
    Summary stopped = Summary.read(folder.resolve("out/sgd/summary.json"));
    assertThat(stopped.course().finished()).isFalse();
    assertThat(stopped.course().steps()).isBetween(1L, 1499L);

    byte[] finished = Files.readAllBytes(folder.resolve("out/adam/summary.json"));
    Result resumed = mincover("compare", "--resume", folder.resolve("out").toString());
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(resumed.out()).containsPattern("(?m)^sgd +[0-9.]+ ");
    assertThat(Files.readAllBytes(folder.resolve("out/adam/summary.json"))).isEqualTo(finished);
    assertThat(json(folder.resolve("out/comparison.json")).get("finished").booleanValue()).isTrue();
    Result whole = compare("--optimizers sgd,adam --steps 1500 --out " + folder.resolve("whole"));
    assertThat(whole.code()).as(whole.err()).isZero();
    for (String run : List.of("adam", "sgd")) {
      assertThat(folder.resolve("out").resolve(run).resolve("model.safetensors"))
          .hasSameBinaryContentAs(
              folder.resolve("whole").resolve(run).resolve("model.safetensors"));
    }
  }

  /** It gets no chance to end its training, which must not go on for nobody. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void aComparisonThatIsKilledGoesOn() throws Exception {
    String what = "--optimizers sm3 --steps 1500";
    Process process = MincoverProcess.start(arguments(what));
    List<ProcessHandle> trainings = List.of();
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String line = out.readLine();
      while (line != null && !line.startsWith("step ")) {
        line = out.readLine();
      }
      assertThat(line).isNotNull();
      trainings = process.descendants().toList();
      process.destroyForcibly().waitFor();
    } finally {
      process.destroyForcibly();
    }
    assertThat(trainings).isNotEmpty();
    for (ProcessHandle training : trainings) {
      training.onExit().get(1, TimeUnit.MINUTES);
    }
    Summary stopped = Summary.read(folder.resolve("out/sm3/summary.json"));
    assertThat(stopped.course().finished()).isFalse();
    Result resumed = mincover("compare", "--resume", folder.resolve("out").toString());
    assertThat(resumed.code()).as(resumed.err()).isZero();
    Result whole = compare(what + " --out " + folder.resolve("whole"));
    assertThat(whole.code()).as(whole.err()).isZero();
    assertThat(folder.resolve("out/sm3/model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("whole/sm3/model.safetensors"));
  }

  @Test
  void aSearchThatWasInterruptedGoesOn() throws IOException {
    String search = "--optimizers sm3 --steps 16 --sweep --sweep-rates 3 --sweep-warmups 0.1";
    Result result = compare(search);
    assertThat(result.code()).as(result.err()).isZero();
    Path sweep = folder.resolve("out/sweep.json");
    Path comparison = folder.resolve("out/comparison.json");
    String whole = Files.readString(sweep);
    Summary trained = Summary.read(folder.resolve("out/sm3/summary.json"));

    Files.delete(comparison);
    Result resumed = mincover("compare", "--resume", folder.resolve("out").toString());
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(Files.readString(sweep)).isEqualTo(whole);
    assertThat(comparison).exists();
    assertThat(Summary.read(folder.resolve("out/sm3/summary.json"))).isEqualTo(trained);

    JsonNode json = json(sweep);
    ((ArrayNode) json.get("trials")).remove(3);
    ((ArrayNode) json.get("trials")).remove(2);
    ((ArrayNode) json.get("winners")).removeAll();
    Files.writeString(sweep, json.toString());
    resumed = mincover("compare", "--resume", folder.resolve("out").toString());
    assertThat(resumed.code()).as(resumed.err()).isZero();
    assertThat(Files.readString(sweep)).isEqualTo(whole);
  }

  @Test
  void onlyAComparisonOfTheSameTextCanGoOn() throws IOException {
    assertThat(mincover("compare", "--resume", folder.toString()).err())
        .contains("no comparing.json in " + folder);
    Result result = compare("--optimizers sm3 --steps 3");
    assertThat(result.code()).as(result.err()).isZero();
    String out = folder.resolve("out").toString();
    assertThat(mincover("compare", "--resume", out, "--steps", "9").err())
        .contains("--steps cannot be given with --resume");
    Files.writeString(text, "Something else.\n".repeat(99));
    assertThat(mincover("compare", "--resume", out).err()).contains("the data have changed");
  }
}
