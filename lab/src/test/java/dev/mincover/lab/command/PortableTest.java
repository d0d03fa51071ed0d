package dev.mincover.lab.command;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.mincover.lab.common.Machine;
import dev.mincover.lab.run.Summary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code --portable} in processes whose environment makes libtorch choose the code of other
 * processors.
 */
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class PortableTest {

  private static final String MODEL =
      "--layers 1 --width 32 --heads 4 --context 32 --batch 8 --threads 2 --steps 8";

  private static final Map<String, String> PORTABLE =
      Map.of(
          "OPENBLAS_CORETYPE", "HASWELL",
          "ATEN_CPU_CAPABILITY", "avx2",
          "ONEDNN_MAX_CPU_ISA", "AVX2");

  /** Code of older processors than any with AVX2, so that every one of these can run it. */
  private static final Map<String, String> OLD =
      Map.of(
          "OPENBLAS_CORETYPE", "SANDYBRIDGE",
          "ATEN_CPU_CAPABILITY", "default",
          "ONEDNN_MAX_CPU_ISA", "SSE41");

  @TempDir private Path folder;
  private Path text;

  @BeforeEach
  void writeText() throws IOException {
    assumeTrue(Machine.processorFlags().containsAll(Set.of("avx2", "fma")));
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < 3000; i++) {
      words.append(i * 7919 % 1000).append(i % 9 == 0 ? "\n" : " ");
    }
    text = Files.writeString(folder.resolve("text.txt"), words);
  }

  private void mincover(Map<String, String> environment, String arguments) throws Exception {
    List<String> words = new ArrayList<>(List.of(arguments.split(" ")));
    words.addAll(List.of(MODEL.split(" ")));
    words.addAll(List.of("--corpus", text.toString()));
    ProcessBuilder builder =
        new ProcessBuilder(MincoverProcess.command(words)).redirectErrorStream(true);
    builder.environment().keySet().removeAll(PORTABLE.keySet());
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  private Path train(String name, Map<String, String> environment, String more) throws Exception {
    Path run = folder.resolve(name);
    mincover(environment, "train --out " + run + " --no-report --sample 0 " + more);
    return run;
  }

  /** Steps with both losses, without the times. */
  private static List<String> losses(Path run) throws IOException {
    return Files.readAllLines(run.resolve("metrics.csv")).stream()
        .map(line -> line.split(",", -1))
        .map(cells -> cells[0] + " " + cells[3] + " " + cells[4])
        .toList();
  }

  private static Map<String, String> switches(Path run) {
    return Map.copyOf(Summary.read(run.resolve("summary.json")).platform().cpuSwitches());
  }

  @Test
  void theEnvironmentChangesNoLoss() throws Exception {
    Path plain = train("plain", Map.of(), "--portable");
    assertThat(switches(plain)).isEqualTo(PORTABLE);
    int number = 0;
    for (String name : PORTABLE.keySet()) {
      Path run = train("run" + number++, Map.of(name, OLD.get(name)), "--portable");
      assertThat(losses(run)).as(name).isEqualTo(losses(plain)).hasSize(9);
      assertThat(switches(run)).isEqualTo(PORTABLE);
      assertThat(run.resolve("model.safetensors"))
          .hasSameBinaryContentAs(plain.resolve("model.safetensors"));
    }
  }

  @Test
  void withoutItTheEnvironmentDoes() throws Exception {
    Path old = train("old", OLD, "");
    assertThat(switches(old)).isEqualTo(OLD);
    Path portable = train("portable", OLD, "--portable");
    assertThat(losses(old)).isNotEqualTo(losses(portable));
    // The same set by hand is the same.
    assertThat(losses(train("hand", PORTABLE, ""))).isEqualTo(losses(portable));
  }

  @Test
  void aComparisonPassesItOn() throws Exception {
    Path out = folder.resolve("compare");
    mincover(
        OLD,
        "compare --portable --optimizers sm3 --sweep --sweep-rates 2 --sweep-warmups 0.25"
            + " --sweep-seeds 1 --out "
            + out);
    assertThat(switches(out.resolve("sm3"))).isEqualTo(PORTABLE);
    Double rate = Summary.read(out.resolve("sm3/summary.json")).optimizer().rate().learningRate();
    Path run = train("run", Map.of(), "--portable --warmup 0.25 --learning-rate " + rate);
    assertThat(losses(out.resolve("sm3"))).isEqualTo(losses(run));
  }
}
