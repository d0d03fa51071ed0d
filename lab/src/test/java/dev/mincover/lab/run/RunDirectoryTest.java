package dev.mincover.lab.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.common.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunDirectoryTest {
  @TempDir Path folder;

  @Test
  void theDefaultIsNamedAfterTimeAndOptimizer() {
    var run = RunDirectory.byDefault("sm3", LocalDateTime.of(2026, 3, 4, 15, 6, 7));
    assertThat(run.path()).isEqualTo(Path.of("runs", "2026-03-04T15-06-07-sm3"));
    assertThat(run.metrics()).isEqualTo(run.path().resolve("metrics.csv"));
    assertThat(run.summary()).isEqualTo(run.path().resolve("summary.json"));
    assertThat(run.model()).isEqualTo(run.path().resolve("model.safetensors"));
  }

  @Test
  void onlyCreateTouchesTheDisk() {
    var run = new RunDirectory(folder.resolve("a/b/run"));
    run.check();
    assertThat(folder).isEmptyDirectory();
    run.create(staged -> assertThat(staged.path()).isEmptyDirectory());
    assertThat(run.path()).isEmptyDirectory();
  }

  @Test
  void refusesAnExistingPath() throws IOException {
    refuses(new RunDirectory(folder), "run directory " + folder + " exists");
    refuses(new RunDirectory(Files.createFile(folder.resolve("file"))), "exists");
    Path dangling = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("nowhere"));
    refuses(new RunDirectory(dangling), "exists");
  }

  @Test
  void refusesAPathBelowAFile() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    refuses(new RunDirectory(file.resolve("a/run")), file + " is not a writable directory");
  }

  @Test
  void refusesAPathBelowADirectoryThatIsNotWritable() throws IOException {
    Path locked = Files.createDirectory(folder.resolve("locked"));
    assumeTrue(
        locked.toFile().setWritable(false) && !Files.isWritable(locked), "may write everywhere");
    refuses(new RunDirectory(locked.resolve("run")), locked + " is not a writable directory");
  }

  @Test
  void opensARunThatHasWeights() throws IOException {
    Path path = folder.resolve("run");
    assertThatThrownBy(() -> RunDirectory.open(path))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no run directory " + path);
    Files.createDirectory(path);
    assertThatThrownBy(() -> RunDirectory.open(path))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith("no model.safetensors in " + path);
    Files.createFile(path.resolve("training.json"));
    assertThatThrownBy(() -> RunDirectory.open(path))
        .isInstanceOf(UserError.class)
        .hasMessage(
            "no model.safetensors in %s, whose training has not come to its end; go on with 'mincover train --resume %s'",
            path, path);
    Files.createFile(path.resolve("model.safetensors"));
    assertThat(RunDirectory.open(path)).isEqualTo(new RunDirectory(path));
  }

  private static void refuses(RunDirectory run, String why) {
    assertThatThrownBy(run::check).isInstanceOf(UserError.class).hasMessageContaining(why);
    assertThatThrownBy(() -> run.create(_ -> {}))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(why);
  }
}
