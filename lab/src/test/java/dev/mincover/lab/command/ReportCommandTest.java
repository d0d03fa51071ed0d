package dev.mincover.lab.command;

import static dev.mincover.lab.command.Result.mincover;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportCommandTest {

  @TempDir private Path folder;

  private String err = "";

  private int run(String... words) {
    Result result = mincover(words);
    err = result.err();
    return result.code();
  }

  @BeforeEach
  void train() throws IOException {
    Path text =
        Files.writeString(folder.resolve("text.txt"), "All work and no play.\n".repeat(200));
    Files.createDirectory(folder.resolve("runs"));
    for (String optimizer : List.of("sm3", "adam")) {
      List<String> arguments =
          new ArrayList<>(
              List.of(
                  ("train --layers 1 --width 16 --heads 2 --context 16 --batch 4 --threads 1"
                          + " --steps 20 --no-report --optimizer "
                          + optimizer)
                      .split(" ")));
      arguments.addAll(List.of("--corpus", text.toString(), "--out", directory(optimizer)));
      assertThat(run(arguments.toArray(String[]::new))).as(err).isZero();
    }
  }

  private String directory(String name) {
    return folder.resolve("runs").resolve(name).toString();
  }

  @Test
  void oneRunHasItsReportInItsDirectory() {
    assertThat(run("report", directory("sm3"))).as(err).isZero();
    assertThat(Path.of(directory("sm3"), "report.html"))
        .content()
        .contains("Activation patterns</h2>");
  }

  @Test
  void severalRunsHaveTheirReportBesideThem() {
    assertThat(run("report", directory("sm3"), directory("adam"))).as(err).isZero();
    assertThat(folder.resolve("runs/report.html"))
        .content()
        .contains(
            "data-run=\"" + directory("sm3") + "\"", "data-run=\"" + directory("adam") + "\"");
  }

  @Test
  void aDirectoryStandsForTheRunsInIt() {
    Path out = folder.resolve("all.html");
    assertThat(run("report", folder.resolve("runs").toString(), "--out", out.toString()))
        .as(err)
        .isZero();
    assertThat(out)
        .content()
        .contains("data-run=\"" + directory("sm3"), "data-run=\"" + directory("adam"));
  }

  @Test
  void refusesWhatItCannotReadOrWrite() throws IOException {
    String none = folder.resolve("none").toString();
    assertThat(run("report", none)).isEqualTo(2);
    assertThat(err).contains("no run directory " + none);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(run("report", empty.toString())).isEqualTo(2);
    assertThat(err).contains("no run in " + empty);
    assertThat(run("report", directory("sm3"), "--out", empty.toString())).isEqualTo(2);
    assertThat(err).contains("--out: " + empty + " is a directory");
    assertThat(run("report", directory("sm3"), "--out", none + "/report.html")).isEqualTo(2);
    assertThat(err).contains("is not a writable directory; choose another");
    String file = folder.resolve("text.txt").toString();
    assertThat(run("report", directory("sm3"), "--png", file)).isEqualTo(2);
    assertThat(err).contains("--png: " + file + " is a file");
    assertThat(Path.of(directory("sm3"), "report.html")).doesNotExist();
  }
}
