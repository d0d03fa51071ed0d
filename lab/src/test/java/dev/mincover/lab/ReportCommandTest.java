package dev.mincover.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class ReportCommandTest {

  @TempDir private Path folder;

  private String err = "";

  private int mincover(String... arguments) {
    StringWriter errors = new StringWriter();
    CommandLine commandLine = Mincover.commandLine();
    commandLine.setOut(new PrintWriter(new StringWriter())).setErr(new PrintWriter(errors));
    int code = commandLine.execute(arguments);
    err = errors.toString();
    return code;
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
      arguments.addAll(List.of("--corpus", text.toString(), "--out", run(optimizer)));
      assertThat(mincover(arguments.toArray(String[]::new))).as(err).isZero();
    }
  }

  private String run(String name) {
    return folder.resolve("runs").resolve(name).toString();
  }

  @Test
  void oneRunHasItsReportInItsDirectory() {
    assertThat(mincover("report", run("sm3"))).as(err).isZero();
    assertThat(Path.of(run("sm3"), "report.html")).content().contains("Activation patterns</h2>");
  }

  @Test
  void severalRunsHaveTheirReportBesideThem() {
    assertThat(mincover("report", run("sm3"), run("adam"))).as(err).isZero();
    assertThat(folder.resolve("runs/report.html"))
        .content()
        .contains("data-run=\"" + run("sm3") + "\"", "data-run=\"" + run("adam") + "\"");
  }

  @Test
  void aDirectoryStandsForTheRunsInIt() {
    Path out = folder.resolve("all.html");
    assertThat(mincover("report", folder.resolve("runs").toString(), "--out", out.toString()))
        .as(err)
        .isZero();
    assertThat(out).content().contains("data-run=\"" + run("sm3"), "data-run=\"" + run("adam"));
  }

  @Test
  void refusesWhatItCannotReadOrWrite() throws IOException {
    String none = folder.resolve("none").toString();
    assertThat(mincover("report", none)).isEqualTo(2);
    assertThat(err).contains("no run directory " + none);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(mincover("report", empty.toString())).isEqualTo(2);
    assertThat(err).contains("no run in " + empty);
    assertThat(mincover("report", run("sm3"), "--out", empty.toString())).isEqualTo(2);
    assertThat(err).contains("--out: " + empty + " is a directory");
    assertThat(mincover("report", run("sm3"), "--out", none + "/report.html")).isEqualTo(2);
    assertThat(err).contains("is not a writable directory; choose another");
    String file = folder.resolve("text.txt").toString();
    assertThat(mincover("report", run("sm3"), "--png", file)).isEqualTo(2);
    assertThat(err).contains("--png: " + file + " is a file");
    assertThat(Path.of(run("sm3"), "report.html")).doesNotExist();
  }
}
