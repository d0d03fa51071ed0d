package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.checkpoint.SafetensorsFile;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that ends before its last step, however it ends, goes on with the same bits. */
@DisabledOnOs(OS.WINDOWS)
class ResumeTest {

  /** Kills of one training, and of another optimizer's; the profile soak has more of them. */
  private static final int KILLS = Integer.getInteger("mincover.kills", 12);

  /** Of which most have come some steps further, at {@code KILL_SPAN} at most. */
  private static final int KILL_SPAN = 80;

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 400; i++) {
      lines.append("All work and no play, for the ").append(i).append("th time.\n");
    }
    text = Files.writeString(folder.resolve("text.txt"), lines);
  }

  private List<String> training(String out, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --threads 2 --sample 0 --no-report"
                    .split(" ")));
    words.addAll(List.of("--corpus", text.toString(), "--out", folder.resolve(out).toString()));
    words.addAll(List.of(more));
    return words;
  }

  private RunDirectory trained(String out, String... more) {
    Result result = mincover(training(out, more).toArray(String[]::new));
    assertThat(result.code()).as(result.err()).isZero();
    return new RunDirectory(folder.resolve(out));
  }

  private static List<String> resuming(RunDirectory run, String... more) {
    List<String> words = new ArrayList<>(List.of("train", "--resume", run.path().toString()));
    words.addAll(List.of(more));
    return words;
  }

  private static Result resume(RunDirectory run, String... more) {
    return mincover(resuming(run, more).toArray(String[]::new));
  }

  private static void assertSameBits(RunDirectory run, RunDirectory expected) throws IOException {
    assertThat(losses(run)).isEqualTo(losses(expected));
    assertThat(run.model()).hasSameBinaryContentAs(expected.model());
    assertThat(run.statistics()).hasSameBinaryContentAs(expected.statistics());
    Summary.Course course = Summary.read(run.summary()).course();
    assertThat(course.finished()).isTrue();
    assertThat(course.steps()).isEqualTo(Summary.read(expected.summary()).course().steps());
  }

  /** All columns but the seconds. */
  private static List<String> losses(RunDirectory run) throws IOException {
    return Files.readAllLines(run.metrics()).stream()
        .map(line -> line.replaceFirst("^([^,]*,[^,]*),[^,]*", "$1"))
        .toList();
  }

  private static List<Path> checkpoints(RunDirectory run) throws IOException {
    try (Stream<Path> files = Files.list(run.checkpoints())) {
      return files.sorted().toList();
    }
  }

  /** Leaves of a finished run what one that was killed after a step would have left. */
  private static void cutAfter(RunDirectory run, long step) throws IOException {
    for (Path file : checkpoints(run)) {
      if (Long.parseLong(file.getFileName().toString().replaceAll("\\D", "")) > step) {
        Files.delete(file);
      }
    }
    Files.delete(run.model());
    Files.delete(run.statistics());
    Files.delete(run.summary()); // Which says that the run is finished.
  }

  @Test
  void goesOnFromTheNewestCheckpoint() throws IOException {
    RunDirectory expected = trained("whole", "--steps", "40", "--checkpoint-every", "none");
    assertThat(expected.checkpoints()).doesNotExist();
    RunDirectory run = trained("run", "--steps", "40", "--checkpoint-every", "10", "--keep", "9");
    assertSameBits(run, expected);
    assertThat(checkpoints(run))
        .extracting(file -> file.getFileName().toString())
        .containsExactly(
            "step-000000000.safetensors",
            "step-000000010.safetensors",
            "step-000000020.safetensors",
            "step-000000030.safetensors",
            "step-000000040.safetensors");
    for (int step : new int[] {30, 20, 0}) {
      cutAfter(run, step);
      // Torn, as it is where a machine dies while a line is written.
      Files.writeString(run.metrics(), "41,26", StandardOpenOption.APPEND);
      Result result = resume(run);
      assertThat(result.code()).as(result.err()).isZero();
      assertThat(result.out()).contains("resumed    after step " + step + " of 40");
      assertSameBits(run, expected);
    }
    cutAfter(run, 40);
    assertThat(resume(run).code()).isZero();
    assertSameBits(run, expected);
    Result again = resume(run);
    assertThat(again.code()).isZero();
    assertThat(again.out()).contains("has taken all of its 40 steps; give more --steps");
    assertThat(resume(expected).err()).contains("there is no checkpoint in");
  }

  @Test
  void theLastFewCheckpointsAreKept() throws IOException {
    RunDirectory run = trained("run", "--steps", "25", "--checkpoint-every", "4");
    assertThat(checkpoints(run))
        .extracting(file -> file.getFileName().toString())
        .containsExactly("step-000000024.safetensors", "step-000000025.safetensors");
    try (SafetensorsFile file = SafetensorsFile.open(checkpoints(run).getLast())) {
      file.verify();
      assertThat(file.metadata())
          .containsEntry("training.steps", "25")
          .containsEntry("training.windows", "100")
          .containsKeys("mincover.recipe cover", "training.text", "training.seed");
      assertThat(file.find("statistics/adagrad/wte.weight/mu")).isPresent();
      assertThat(file.find("optimizer/wte.weight/mu.0")).isPresent();
    }
  }

  @ParameterizedTest
  @CsvSource({"flipped, 1", "truncated, 1", "empty, 1", "flipped, 2"})
  void aDamagedCheckpointIsLeftOut(String damage, int count) throws IOException {
    RunDirectory expected = trained("whole", "--steps", "30");
    RunDirectory run = trained("run", "--steps", "30", "--checkpoint-every", "10", "--keep", "4");
    cutAfter(run, 20);
    List<Path> files = checkpoints(run).reversed().subList(0, count);
    for (Path file : files) {
      damage(file, damage);
    }
    Path unfinished =
        Files.writeString(
            run.checkpoints().resolve(".step-000000025.safetensors.partial"), "unfinished");
    Result result = resume(run);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err().lines()).hasSize(count);
    assertThat(result.err()).contains(files.getFirst().toString(), "; it is left out");
    assertThat(result.out()).contains("after step " + (count == 1 ? 10 : 0) + " of 30");
    assertThat(unfinished).doesNotExist();
    assertThat(files.getFirst().resolveSibling("step-000000020.safetensors.damaged")).exists();
    assertSameBits(run, expected);
  }

  private static void damage(Path file, String damage) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    switch (damage) {
      case "flipped" -> {
        bytes[bytes.length - 5] ^= 4;
        Files.write(file, bytes);
      }
      case "truncated" -> {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
          channel.truncate(bytes.length - 1);
        }
      }
      default -> Files.write(file, new byte[0]);
    }
  }

  @Test
  void aRunWithoutAWholeCheckpointIsRefused() throws IOException {
    RunDirectory run = trained("run", "--steps", "10");
    for (Path file : checkpoints(run)) {
      damage(file, "flipped");
    }
    Result result = resume(run);
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("all checkpoints in", "are damaged; train again");
    assertThat(resume(new RunDirectory(folder.resolve("none"))).err())
        .contains("no run directory " + folder.resolve("none"));
    assertThat(resume(new RunDirectory(folder)).err()).contains("no training.json in");
  }

  @Test
  void optionsOfTheRunStay() throws IOException {
    RunDirectory run = trained("run", "--steps", "20", "--checkpoint-every", "5", "--keep", "9");
    assertThat(resume(run, "--batch", "8").err()).contains("--batch cannot be given with --resume");
    assertThat(resume(run, "--learning-rate", "1").err())
        .contains("--learning-rate cannot be given with --resume");
    assertThat(resume(run, "--steps", "7").err())
        .contains("--steps is 7, and the run has taken 20; give as many or more");
    cutAfter(run, 15);
    Files.writeString(text, "More work.\n", StandardOpenOption.APPEND);
    assertThat(resume(run).err()).contains("the data have changed since the run began");
    writeText();
    List<String> rows = Files.readAllLines(run.metrics());
    Files.write(run.metrics(), rows.subList(0, 10));
    assertThat(resume(run).err())
        .contains("has the rows of 9 steps, and the run goes on after step 15");
    Files.write(run.metrics(), rows);
    assertThat(resume(run, "--steps", "30", "--keep", "1").code()).isZero();
    assertThat(Summary.read(run.summary()).course().steps()).isEqualTo(30);
    assertThat(Files.readAllLines(run.metrics())).hasSize(31);
    assertThat(checkpoints(run)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "-3", "0s", "5 m", "1000h", "sometimes"})
  void checkpointTimesAreChecked(String every) {
    Result result = mincover(training("run", "--checkpoint-every", every).toArray(String[]::new));
    assertThat(result.code()).isEqualTo(2);
    assertThat(result.err()).contains("--checkpoint-every is ");
    assertThat(folder.resolve("run")).doesNotExist();
  }

  /** Real processes, which get no chance to do anything about it. */
  @ParameterizedTest
  @CsvSource({"sm3, 1", "torch-fused-adam, 7"})
  void aRunThatIsKilledAtAnyMomentGoesOn(String optimizer, int every) throws Exception {
    String steps = Integer.toString(300 + KILLS * (KILL_SPAN + 20));
    String[] options = {
      "--steps", steps, "--checkpoint-every", "" + every, "--optimizer", optimizer
    };
    RunDirectory expected = trained("whole", options);
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    Random random = new Random(42);
    int kills = 0;
    while (kills < KILLS) {
      boolean begun = Files.exists(run.path());
      long rows = begun && Files.exists(run.metrics()) ? lines(run.metrics()) : 0;
      Process process = MincoverProcess.start(begun ? resuming(run) : training("run", options));
      process.inputReader(UTF_8).close(); // Nobody reads it, and it must not wait for that.
      if (kills % 4 == 3) { // Before it has got far, perhaps not even begun.
        Thread.sleep(random.nextInt(1500));
      } else {
        long until = rows + 1 + random.nextInt(KILL_SPAN);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (process.isAlive()
            && System.nanoTime() < deadline
            && (!Files.exists(run.metrics()) || lines(run.metrics()) < until)) {
          Thread.sleep(5);
        }
        Thread.sleep(random.nextInt(20));
      }
      assertThat(process.isAlive()).as("still under way after %d kills", kills).isTrue();
      process.destroyForcibly().waitFor();
      kills++;
      if (Files.exists(run.path())) {
        assertThat(checkpoints(run)).isNotEmpty(); // What has a name can go on.
      }
    }
    Result result = resume(run);
    assertThat(result.code()).as(result.err()).isZero();
    assertThat(result.err()).as("no checkpoint was damaged").isEmpty();
    assertSameBits(run, expected);
  }

  private static long lines(Path file) throws IOException {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    }
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aSignalSavesACheckpoint(String signal, int code) throws Exception {
    String[] options = {"--steps", "1200", "--checkpoint-every", "1h"};
    Process process = MincoverProcess.start(training("run", options));
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String line = out.readLine();
      while (line != null && !line.startsWith("step 60/")) {
        line = out.readLine();
      }
      assertThat(line).isNotNull();
      new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor();
      assertThat(out.readAllAsString())
          .contains("stopped", "go on with 'mincover train --resume " + run.path() + "'");
      assertThat(process.waitFor()).isEqualTo(code);
    } finally {
      process.destroyForcibly();
    }
    long steps = Summary.read(run.summary()).course().steps();
    assertThat(steps).isBetween(60L, 1199L);
    Result result = resume(run);
    assertThat(result.out()).contains("resumed    after step %,d of 1,200".formatted(steps));
    assertSameBits(run, trained("whole", options));
  }

  @Test
  void twoProcessesDoNotTrainInOneDirectory() throws Exception {
    Process process = MincoverProcess.start(training("run", "--steps", "10000000"));
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    try {
      awaitRows(process, run, 2);
      assertThat(resume(run).err())
          .contains("another process trains in " + run.path() + "; wait for it");
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private static void awaitRows(Process process, RunDirectory run, long rows) throws Exception {
    long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
    while (!Files.exists(run.metrics()) || lines(run.metrics()) < rows) {
      assertThat(process.isAlive() && System.nanoTime() < deadline).isTrue();
      Thread.sleep(20);
    }
  }

  /** A limit on the size of files stands in for a disk that is full. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aFullDiskStopsTheTrainingAndLeavesTheLastCheckpoint() throws Exception {
    String[] options = {"--steps", "4000", "--checkpoint-every", "100", "--statistics", "none"};
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", "ulimit -f 120; exec \"$@\"", "-"));
    command.addAll(MincoverProcess.command(training("run", options)));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = process.inputReader(UTF_8).readAllAsString();
    assertThat(process.waitFor()).as(out).isEqualTo(1);
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    assertThat(out)
        .contains(
            "mincover: cannot write " + run.metrics(),
            "; the run can go on with 'mincover train --resume " + run.path() + "'");
    assertThat(resume(run).code()).isZero();
    RunDirectory expected = trained("whole", options);
    assertThat(losses(run)).isEqualTo(losses(expected));
    assertThat(run.model()).hasSameBinaryContentAs(expected.model());
  }

  @Test
  void aDirectoryThatIsRemovedStopsTheTraining() throws Exception {
    Process process =
        MincoverProcess.start(training("run", "--steps", "10000000", "--checkpoint-every", "50"));
    RunDirectory run = new RunDirectory(folder.resolve("run"));
    try {
      awaitRows(process, run, 2);
      Files.move(run.checkpoints(), folder.resolve("elsewhere"));
      assertThat(process.inputReader(UTF_8).readAllAsString())
          .contains("mincover: cannot save checkpoint " + run.checkpoints());
      assertThat(process.waitFor()).isEqualTo(1);
    } finally {
      process.destroyForcibly();
    }
    Files.move(folder.resolve("elsewhere"), run.checkpoints());
    for (Path file : checkpoints(run)) {
      try (SafetensorsFile checkpoint = SafetensorsFile.open(file)) {
        checkpoint.verify();
      }
    }
  }
}
