package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.data.Windows;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.ModelFile;
import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CommandLineTest {

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    text = Files.writeString(folder.resolve("text.txt"), "All work and no play.\n".repeat(200));
  }

  /** Trains a model small enough for a test. */
  private Result train(String out, String... more) {
    return mincover(arguments(out, more));
  }

  private String[] arguments(String out, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --threads 2"
                    .split(" ")));
    if (!List.of(more).contains("--optimizer")) {
      arguments.addAll(List.of("--learning-rate", "0.2"));
    }
    if (!List.of(more).contains("--corpus")) {
      arguments.addAll(List.of("--corpus", text.toString()));
    }
    arguments.addAll(List.of("--out", folder.resolve(out).toString()));
    arguments.addAll(List.of(more));
    return arguments.toArray(String[]::new);
  }

  @Test
  void aRunLeavesMetricsSummaryAndModel() throws IOException {
    Result result = train("run", "--steps", "40");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("Adam would take", "bits per byte; a byte bigram has", "in the optimizer")
        .contains("step 40/40  loss ");
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    List<String> metrics = Files.readAllLines(run.metrics());
    assertThat(metrics).hasSize(41);
    assertThat(metrics.getLast()).matches("40,2560,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.E-]+");
    Summary summary = Summary.read(run.summary());
    assertThat(summary.course().finished()).isTrue();
    assertThat(summary.course().steps()).isEqualTo(40);
    assertThat(summary.course().tokens()).isEqualTo(40 * 4 * 16);
    assertThat(summary.memory().adamStateBytes()).isEqualTo(8 * summary.memory().parameters());
    assertThat(summary.course().optimizerSeconds()).isBetween(0.0, summary.course().seconds());
    assertThat(summary.quality().validationLoss()).isBetween(0.0, Math.log(256));
    try (Gpt model = ModelFile.load(run.model())) {
      assertThat(model.parameterCount()).isEqualTo(summary.memory().parameters());
    }
    Result text =
        mincover("generate", run.path().toString(), "--prompt", "All w", "--length", "30");
    assertThat(text.code()).as(text.err()).isZero();
    assertThat(text.out()).startsWith("All w").hasSizeBetween(30, 40);
    assertThat(text.out())
        .isEqualTo(
            mincover("generate", run.path().toString(), "--prompt", "All w", "--length", "30")
                .out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--algorithm sm3-i --cover wte.weight=rows         | SM3-I, cover slices wte.weight=rows",
        "--momentum-format int8 --momentum-kind nesterov --learning-rate 0.03 --clip 1"
            + " | SM3-II, momentum 0.9 (nesterov, int8), clipped to norm 1.0: ",
        "--beta2 0.95 --epsilon 1e-9 --schedule inverse-sqrt --learning-rate 0.05"
            + " | learning rate 0.05, inverse-sqrt",
        "--cover columns --momentum 0                      | SM3-II, cover columns, no momentum: ",
        "--optimizer adagrad --learning-rate 0.2           | AdaGrad, no momentum: ",
        "--optimizer adam --learning-rate 0.02 --weight-decay 0.01 | Adam, momentum 0.9, weight",
        "--optimizer adafactor                             | relative steps",
        "--optimizer torch-fused-sgd --learning-rate 0.1   | SGD, momentum 0.9 (heavy-ball): ",
        "--untied --optimizer torch-fused-adam --learning-rate 0.02 | libtorch's fused Adam, mom",
        "--optimizer adafactor --learning-rate 0.03        | Adafactor, no momentum: ",
        "--untied                                          | context 16, untied; 11,760 weights",
        "--untied --optimizer adam --learning-rate 0.02    | context 16, untied; 11,760 weights",
        "--weights bf16 --rounding stochastic              | 7,664 weights, bfloat16, 15.3 kB",
        "--untied --weights f16 --threads 2               | untied; 11,760 weights, float16",
        "--weights f16 --average tail:0.5 --guard skip     | average tail:0.5: ",
        "--untied --weights bf16 --rate-multiplier *.bias=2 | times *.bias=2"
      })
  void allChoicesTrain(String arguments, String announced) {
    String[] more = ("--steps 40 " + arguments).split(" ");
    Result result = train("run", more);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).contains(announced);
    Path run = folder.resolve("run");
    Summary summary = Summary.read(run.resolve("summary.json"));
    assertThat(summary.course().finished()).isTrue();
    assertThat(summary.course().skippedSteps()).isZero();
    assertThat(summary.quality().validationLoss()).isBetween(0.0, 0.95 * Math.log(256));
    assertThat(summary.setup().model().tied()).isEqualTo(!arguments.contains("--untied"));
    Result text = mincover("generate", run.toString(), "--prompt", "All w", "--length", "9");
    assertThat(text.code()).as(text.err()).isZero();
    assertThat(text.out()).startsWith("All w");
  }

  @Test
  void theSavedModelIsTheAverageThatWasValidated() throws IOException {
    train("last", "--steps", "20");
    train("mean", "--steps", "20", "--average", "tail:0.5");
    assertThat(trainingLosses("mean")).isEqualTo(trainingLosses("last"));
    double last = validationLoss("last");
    double mean = validationLoss("mean");
    assertThat(mean).isNotEqualTo(last);
    assertThat(summary("last").quality().validationLoss()).isCloseTo(last, within(1e-4));
    assertThat(summary("mean").quality().validationLoss()).isCloseTo(mean, within(1e-4));
  }

  private Summary summary(String run) {
    return Summary.read(folder.resolve(run).resolve("summary.json"));
  }

  private List<String> trainingLosses(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("metrics.csv")).stream()
        .map(line -> line.split(",", -1)[3])
        .toList();
  }

  /** Of the saved model, anew. */
  private double validationLoss(String run) {
    Windows windows = new Windows(Corpus.files(List.of(text)).validation(), 16, 256);
    Batch batch = new Batch(windows.count(), 16);
    assertThat(windows.fill(0, batch)).isEqualTo(windows.count());
    try (var _ = new PointerScope();
        Gpt model = ModelFile.load(folder.resolve(run).resolve("model.safetensors"))) {
      return model
          .loss(
              Tensor.create(batch.inputs(), windows.count(), 16),
              Tensor.create(batch.targets(), windows.count(), 16))
          .item_float();
    }
  }

  @Test
  void theSummaryHoldsEveryChoice() {
    train(
        "run",
        ("--steps 1 --optimizer adam --learning-rate 0.01 --schedule inverse-sqrt --warmup 0.1"
                + " --weight-decay 0.1 --clip 1 --guard skip --average polyak:0.9 --weights bf16")
            .split(" "));
    Summary summary = summary("run");
    assertThat(summary.setup().model())
        .isEqualTo(new Summary.Model(1, 16, 2, 16, true, "bfloat16"));
    assertThat(summary.optimizer())
        .isEqualTo(
            new OptimizerSettings(
                "adam",
                new OptimizerSettings.Rate(0.01, "inverse-sqrt", 0.1, 2, 0.1, List.of()),
                new OptimizerSettings.Rule(null, null, 0.9, null, null, 0.999, 1e-8),
                new OptimizerSettings.Decay(0.1, List.of("*.bias", "*ln_*")),
                new OptimizerSettings.Gradients(1.0, null, false, "skip"),
                new OptimizerSettings.Weights("nearest", "polyak:0.9")));
  }

  @Test
  void equalSeedsGiveEqualLossesAndOthersDoNot() throws IOException {
    train("a", "--steps", "20", "--seed", "7");
    train("b", "--steps", "20", "--seed", "7");
    train("c", "--steps", "20", "--seed", "8");
    assertThat(losses("b")).hasSize(21).isEqualTo(losses("a"));
    assertThat(losses("c")).isNotEqualTo(losses("a"));
  }

  private List<String> losses(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("metrics.csv")).stream()
        .map(line -> line.split(",", -1))
        .map(cells -> cells[3] + "," + cells[4])
        .toList();
  }

  @Test
  void withoutMomentumTheStateIsSmall() {
    Path run = folder.resolve("run");
    train("run", "--steps", "1", "--width", "128", "--context", "128", "--momentum", "0");
    Summary summary = Summary.read(run.resolve("summary.json"));
    assertThat((double) summary.memory().optimizerStateBytes() / summary.memory().adamStateBytes())
        .isLessThan(0.02);
  }

  @Test
  void aLossThatIsNoNumberEndsTheRunWithAWordOnWhy() {
    Result result = train("run", "--steps", "50", "--learning-rate", "1e30");
    assertThat(result.code()).isEqualTo(1);
    assertThat(result.err()).contains("try a smaller --learning-rate than 1.0E30");
    assertThat(Summary.read(folder.resolve("run/summary.json")).course().finished()).isFalse();
  }

  static Stream<Arguments> badInput() {
    return Stream.of(
        Arguments.of("--corpus nowhere", "nowhere"),
        Arguments.of("--corpus {empty}", "empty"),
        Arguments.of("--corpus {short}", "context of 16"),
        Arguments.of("--width 15", "not divisible by heads"),
        Arguments.of("--learning-rate -0.1", "learning rate is -0.1"),
        Arguments.of("--momentum 1", "momentum beta is 1.0"),
        Arguments.of("--steps 0", "--steps is 0"),
        Arguments.of("--batch -1", "--batch is -1"),
        Arguments.of("--threads 0", "--threads is 0"),
        Arguments.of("--layers 0", "layers is 0"),
        Arguments.of("--width 99999998", "width is 99999998"),
        Arguments.of("--batch 99999999", "--batch is 99999999"),
        Arguments.of("--steps many", "many"),
        Arguments.of("--weights int8", "--weights is 'int8'; it must be float32, bfloat16 or"),
        Arguments.of(
            "--optimizer sgd",
            "--optimizer is 'sgd'; it must be sm3, adagrad, adam, adafactor, torch-fused-adam,"),
        Arguments.of("--optimizer torch-fused-adam --clip 1", "--clip 1.0 is not for --optimizer"),
        Arguments.of("--sample -1", "--sample is -1; it must be at least 0"),
        Arguments.of("--optimizer adam --cover rows", "--cover is for --optimizer sm3"),
        Arguments.of("--cover wte=rows", "no parameter is called 'wte'; there are wte.weight, "),
        Arguments.of("--cover axes:0,2", "axes"),
        Arguments.of("--rounding stochastic", "without --weights of 16 bits"),
        Arguments.of("--out {exists}", "exists"),
        Arguments.of("--out {file}/run", "not a writable directory"),
        Arguments.of("--sparkle", "--sparkle"));
  }

  @ParameterizedTest
  @MethodSource("badInput")
  void badInputGetsOneLineAndLeavesNothing(String arguments, String says) throws IOException {
    Files.createDirectory(folder.resolve("exists"));
    Files.createFile(folder.resolve("empty"));
    Files.createFile(folder.resolve("file"));
    Files.writeString(folder.resolve("short"), "short");
    List<Path> before = files();
    String[] more =
        arguments.replaceAll("\\{(\\w+)}", folder.toString().replace("\\", "/") + "/$1").split(" ");
    Result result = train("run", more);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err().strip()).startsWith("mincover: ").contains(says).doesNotContain("\n");
    assertThat(result.out()).isEmpty();
    assertThat(files()).isEqualTo(before);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.sorted().toList();
    }
  }

  @Test
  void generateRefusesWhatIsNoRun() {
    Result result = mincover("generate", folder.resolve("none").toString());
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).startsWith("mincover: no run directory");
    assertThat(mincover("generate", folder.toString(), "--length", "-1").err())
        .contains("--length is -1");
    assertThat(mincover("generate", folder.toString(), "--temperature", "-1").err())
        .contains("--temperature is -1.0");
    assertThat(mincover().code()).isEqualTo(2);
  }

  @Test
  void helpTellsEveryOptionAndItsDefault() {
    PrintStream console = System.err;
    ByteArrayOutputStream complaints = new ByteArrayOutputStream();
    System.setErr(new PrintStream(complaints, true, UTF_8));
    Result result;
    try {
      result = mincover("train", "--help");
    } finally {
      System.setErr(console);
    }
    assertThat(result.code()).isZero();
    assertThat(complaints.toString(UTF_8)).isEmpty();
    assertThat(mincover("generate", "--help").out()).contains("RUN", "--prompt", "--version");
    assertThat(result.out())
        .contains("--corpus", "--learning-rate", "--momentum", "--seed", "Default: 0.9")
        .containsSubsequence(
            "--version",
            "Task and run:",
            "--seed",
            "Model:",
            "--weights",
            "Optimizer:",
            "--beta2",
            "Learning rate:",
            "--warmup=SHARE",
            "Default: 0.3 for sm3",
            "Gradients and weights:",
            "--clip")
        .doesNotContain("Default: []");
  }

  /** A real process and a real signal. */
  @Test
  @DisabledOnOs(OS.WINDOWS)
  void anInterruptEndsTheRunWithItsFilesWhole() throws Exception {
    Process process = MincoverProcess.start(endlessTraining());
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String line = out.readLine();
      while (line != null && !line.startsWith("step 1/")) {
        line = out.readLine();
      }
      assertThat(line).isNotNull();
      MincoverProcess.interrupt(process);
      assertThat(out.readAllAsString()).contains("stopped");
      assertThat(process.waitFor()).isEqualTo(130);
    } finally {
      process.destroyForcibly();
    }
    assertRunIsWhole();
  }

  /** The key itself, on a terminal, where the progress is a bar. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void controlCOnATerminalEndsTheRunWithItsFilesWhole() throws Exception {
    String quoted =
        MincoverProcess.command(endlessTraining()).stream()
            .map(word -> "'" + word + "'")
            .collect(Collectors.joining(" "));
    Process terminal =
        new ProcessBuilder("script", "-qec", quoted, "/dev/null").redirectErrorStream(true).start();
    try {
      awaitFirstRow();
      terminal.getOutputStream().write(3);
      terminal.getOutputStream().flush();
      String out = new String(terminal.getInputStream().readAllBytes(), UTF_8);
      assertThat(out).contains("training ", "tokens/s", "stopped");
    } finally {
      terminal.destroyForcibly();
    }
    assertRunIsWhole();
  }

  @Test
  void aRunThatIsKilledCanStillBeReported() throws Exception {
    Process process = MincoverProcess.start(endlessTraining());
    try {
      awaitFirstRow();
    } finally {
      process.destroyForcibly().waitFor();
    }
    Path run = folder.resolve("run");
    Summary summary = Summary.read(run.resolve("summary.json"));
    assertThat(summary.course().finished()).isFalse();
    assertThat(summary.quality().validationLoss()).isNull();
    Result report = mincover("report", run.toString());
    assertThat(report.code()).as(report.err()).isZero();
    assertThat(run.resolve("report.html")).content().contains("run is not finished: it has ");
  }

  @Test
  void aRunCanBeWatched() {
    Result result = train("run", "--steps", "3", "--open");
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.out()).containsPattern("(?m)^live {7}http://localhost:[0-9]+/$");
  }

  private List<String> endlessTraining() {
    return List.of(arguments("run", "--steps", "10000000"));
  }

  private void awaitFirstRow() throws Exception {
    Path metrics = folder.resolve("run/metrics.csv");
    for (int tries = 0; tries < 600; tries++) {
      if (Files.exists(metrics) && Files.readAllLines(metrics).size() > 1) {
        return;
      }
      Thread.sleep(100);
    }
    throw new AssertionError("no step within a minute");
  }

  private void assertRunIsWhole() throws IOException {
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    Summary summary = Summary.read(run.summary());
    assertThat(summary.course().finished()).isFalse();
    assertThat(summary.course().steps()).isPositive();
    assertThat(Files.readAllLines(run.metrics())).hasSize((int) summary.course().steps() + 1);
    assertThat(GradientStatistics.read(run).steps()).isEqualTo(summary.course().steps());
    try (Gpt model = ModelFile.load(run.model())) {
      assertThat(model.parameterCount()).isEqualTo(summary.memory().parameters());
    }
  }
}
