package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Without jdk.incubator.vector: the same bits, and once a word on how to be faster. */
class ScalarFallbackTest {

  @Test
  void worksWithoutTheVectorModuleAndSaysOnceHowToBeFaster() throws Exception {
    List<String> with = run("--add-modules", "jdk.incubator.vector");
    List<String> without = run();
    assertThat(last(without)).startsWith("weights ").isEqualTo(last(with));
    assertThat(without)
        .filteredOn(line -> line.contains("--add-modules jdk.incubator.vector"))
        .hasSize(1);
    assertThat(with).noneMatch(line -> line.contains("--add-modules"));
  }

  private static String last(List<String> lines) {
    return lines.getLast();
  }

  private static List<String> run(String... options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Program.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }

  /** Two bound optimizers, so that a message repeated would show. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) {
      Random random = new Random(7);
      float[] w = new float[33 * 65];
      float[] g = new float[33 * 65];
      for (int round = 0; round < 2; round++) {
        try (var bound =
            Optimizer.bind(Sm3.learningRate(0.1), List.of(Parameter.of("w", w, 33, 65)), 2)) {
          for (int t = 0; t < 3; t++) {
            for (int i = 0; i < g.length; i++) {
              g[i] = (float) random.nextGaussian();
            }
            bound.step(Map.of("w", Gradient.dense(g)));
          }
        }
      }
      System.out.println("weights " + Arrays.hashCode(w));
    }
  }
}
