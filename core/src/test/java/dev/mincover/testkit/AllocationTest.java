package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.mincover.Optimizer;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Guard;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A dense step leaves nothing on the heap, once the compiler is through with it. In a JVM of its
 * own: in one that has stepped heap arrays as well, the compiler keeps vectors there.
 */
class AllocationTest {

  private static final int MOST_STEPS = 400_000;

  private static final List<Sm3> RECIPES =
      List.of(
          Sm3.learningRate(0.1),
          Sm3.learningRate(0.1).guard(Guard.UNCHECKED),
          Sm3.learningRate(0.1)
              .momentum(Momentum.average(0.9))
              .weightDecay(0.1)
              .clipByGlobalNorm(1),
          Sm3.learningRate(0.1).momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)),
          Sm3.learningRate(0.1).cover(Cover.singletons()));

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4})
  void denseStepsLeaveNothingOnTheHeap(int recipe) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                AllocationTest.class.getName(),
                String.valueOf(recipe))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(printed.strip()).as("bytes a step of recipe %d", recipe).isEqualTo("0");
  }

  /** Prints the fewest bytes that a step of the recipe named has left on the heap. */
  public static void main(String[] args) {
    System.out.println(leastBytes(RECIPES.get(Integer.parseInt(args[0]))));
  }

  private static long leastBytes(Sm3 recipe) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Arena arena = Arena.ofShared()) {
      List<Parameter> parameters = new ArrayList<>();
      Map<String, Gradient> gradients = new HashMap<>();
      long[][] shapes = {{64, 33}, {40, 8}, {64}, {4, 3, 5, 5}, {}};
      for (long[] dimensions : shapes) {
        Shape shape = Shape.of(dimensions);
        String name = "shape " + shape;
        parameters.add(Parameter.of(name, shape, arena.allocate(4 * shape.size(), 64)));
        var values = arena.allocate(4 * shape.size(), 64);
        values.fill((byte) 0x3d);
        gradients.put(name, Gradient.dense(values));
      }
      try (Optimizer optimizer = Optimizer.bind(recipe, parameters, 1)) {
        long least = Long.MAX_VALUE;
        for (int step = 0; step < MOST_STEPS && least > 0; step++) {
          long before = threads.getCurrentThreadAllocatedBytes();
          optimizer.step(gradients);
          least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
      }
    }
  }
}
