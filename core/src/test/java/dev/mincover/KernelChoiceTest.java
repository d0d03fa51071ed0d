package dev.mincover;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real JVMs with and without what vectors take: the kernel that is fast there, the same bits, and a
 * line in the log that says which runs and why.
 */
class KernelChoiceTest {

  private static final String MODULE = "--add-modules=jdk.incubator.vector";

  /** Shows the line that is not worth one on everybody's terminal. */
  private static final String VERBOSE =
      "-Djava.util.logging.config.file=" + resource("all-logging.properties");

  @Test
  void worksWithoutTheVectorModuleAndSaysOnceHowToBeFaster() throws Exception {
    List<String> with = run(0, MODULE);
    List<String> without = run(0);
    assertThat(without.getLast()).startsWith("weights ").isEqualTo(with.getLast());
    assertThat(without)
        .filteredOn(line -> line.contains("--add-modules jdk.incubator.vector"))
        .hasSize(1);
    assertThat(with).noneMatch(line -> line.contains("Mincover runs"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xint",
        "-XX:TieredStopAtLevel=0",
        "-XX:TieredStopAtLevel=1",
        "-XX:TieredStopAtLevel=2",
        "-XX:TieredStopAtLevel=3",
        "-XX:CompilationMode=quick-only"
      })
  void withoutC2TheScalarKernelRuns(String option) throws Exception {
    List<String> lines = run(0, MODULE, option);
    assertThat(lines)
        .filteredOn(line -> line.contains("scalar kernel") && line.contains("without C2"))
        .hasSize(1);
    assertThat(lines.getLast()).isEqualTo(run(0, MODULE).getLast());
  }

  @Test
  void thePropertyForcesAKernel() throws Exception {
    List<String> scalar = run(0, MODULE, "-Dmincover.kernel=scalar");
    assertThat(scalar)
        .filteredOn(line -> line.contains("scalar kernel") && line.contains("asks for it"))
        .hasSize(1);
    List<String> vector = run(0, MODULE, VERBOSE, "-Xint", "-Dmincover.kernel=vector");
    assertThat(vector)
        .filteredOn(line -> line.contains("vector kernel") && line.contains("asks for it"))
        .hasSize(1);
    assertThat(vector.getLast()).isEqualTo(scalar.getLast());
  }

  @Test
  void theUsualChoiceIsLoggedForThoseWhoLook() throws Exception {
    assertThat(run(0, MODULE, VERBOSE))
        .filteredOn(line -> line.contains("vector kernel: C2 compiles vectors, registers of"))
        .hasSize(1);
  }

  @Test
  void aPropertyThatCannotBeHadIsRefusedWhenBinding() throws Exception {
    assertThat(run(1, MODULE, "-Dmincover.kernel=fast"))
        .anyMatch(line -> line.contains("-Dmincover.kernel=fast; it must be scalar or vector"));
    assertThat(run(1, "-Dmincover.kernel=vector"))
        .anyMatch(line -> line.contains("needs the vector module"));
  }

  private static String resource(String name) {
    URL url = requireNonNull(KernelChoiceTest.class.getResource(name));
    return Path.of(URI.create(url.toString())).toString();
  }

  private static List<String> run(int code, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Program.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isEqualTo(code);
    return output.lines().toList();
  }

  /** Two optimizers, so that a message repeated would show. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      Random random = new Random(7);
      float[] w = new float[33 * 65];
      float[] g = new float[33 * 65];
      for (int round = 0; round < 2; round++) {
        try (var optimizer =
            Optimizer.bind(Sm3.learningRate(0.1), List.of(Parameter.of("w", w, 33, 65)), 2)) {
          for (int t = 0; t < 3; t++) {
            for (int i = 0; i < g.length; i++) {
              g[i] = (float) random.nextGaussian();
            }
            optimizer.step(Map.of("w", Gradient.dense(g)));
          }
        }
      }
      System.out.println("weights " + Arrays.hashCode(w));
    }
  }
}
