package dev.mincover;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.average.Average;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Recipe;
import dev.mincover.recipe.Rounding;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong only after a long time, or beside others. */
class SoakTest {

  /** What the compiler and the allocator may still take when all has been used once. */
  private static final long SLACK = 32L << 20;

  private static final Recipe RECIPE =
      Sm3.learningRate(1e-3)
          .momentum(Momentum.average(0.9))
          .secondMoment(SecondMoment.average(0.999))
          .average(Average.polyak(0.99));

  @TempDir private Path folder;

  private static List<Parameter> parameters() {
    return List.of(
        Parameter.of("table", new float[64 * 24], 64, 24),
        Parameter.of("kernel", new float[8 * 3 * 3 * 3], 8, 3, 3, 3),
        Parameter.of("bias", new float[24], 24));
  }

  private static Map<String, Gradient> gradients(long t) {
    float[] table = new float[64 * 24];
    Arrays.fill(table, (t % 17 - 8) * 0.125f);
    Gradient ofTable =
        t % 3 == 0
            ? Gradient.rows(new long[] {t % 64, 5}, Arrays.copyOf(table, 48))
            : Gradient.dense(table);
    return Map.of(
        "table", ofTable,
        "kernel", Gradient.dense(Arrays.copyOf(table, 216)),
        "bias", Gradient.dense(Arrays.copyOf(table, 24)));
  }

  /** Bytes that the process has in memory. The profile soak keeps the size of the heap. */
  private static long resident() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElseThrow();
  }

  private static void assertFlat(String what, long before, long after) {
    System.out.printf(
        "%s: %,d KiB resident before, %,d KiB after%n", what, before / 1024, after / 1024);
    assertThat(after - before).as("bytes that %s have left behind", what).isLessThan(SLACK);
  }

  @Test
  @Tag("soak")
  @EnabledOnOs(OS.LINUX)
  void tenThousandOptimizersLeaveNothingBehind() throws IOException {
    Path file = folder.resolve("soak.safetensors");
    long before = 0;
    for (int i = 0; i < 10_000; i++) {
      if (i == 1_000) {
        before = resident();
      }
      try (Optimizer optimizer = Optimizer.bind(RECIPE, parameters(), 2)) {
        optimizer.step(gradients(i));
        if (i % 100 == 0) {
          optimizer.save(file);
          optimizer.load(file);
        }
      }
    }
    assertFlat("9,000 optimizers", before, resident());
  }

  @Test
  @Tag("soak")
  @EnabledOnOs(OS.LINUX)
  void aMillionStepsLeaveNothingBehind() throws IOException {
    Path file = folder.resolve("soak.safetensors");
    try (Optimizer optimizer = Optimizer.bind(RECIPE, parameters(), 2)) {
      long before = 0;
      for (long t = 0; t < 1_000_000; t++) {
        if (t == 100_000) {
          before = resident();
        }
        optimizer.step(gradients(t));
        if (t % 10_000 == 0) {
          optimizer.save(file);
          optimizer.load(file);
          optimizer.swapInAverage().close();
        }
      }
      assertFlat("900,000 steps", before, resident());
      for (Parameter parameter : optimizer.parameters()) {
        assertThat(finite(parameter.weights())).isTrue();
      }
    }
  }

  private static boolean finite(MemorySegment weights) {
    for (float value : weights.toArray(JAVA_FLOAT)) {
      if (!Float.isFinite(value)) {
        return false;
      }
    }
    return true;
  }

  /** Models that are trained at once in one JVM have the bits that each has alone. */
  @Test
  void trainingsDoNotDisturbEachOther() throws Exception {
    Sm3 sm3 = Sm3.learningRate(0.1);
    List<Recipe> recipes =
        List.of(
            RECIPE,
            sm3.momentum(Momentum.nesterov(0.9).stored(Momentum.Format.INT8)),
            sm3.cover(Cover.whole()).rounding(Rounding.stochastic(1)),
            Sm3.adaGrad(0.1).average(Average.tail(2)));
    List<byte[]> alone = new ArrayList<>();
    for (Recipe recipe : recipes) {
      alone.add(trained(recipe, 300));
    }
    try (ExecutorService pool = Executors.newFixedThreadPool(2 * recipes.size())) {
      List<Future<byte[]>> together =
          IntStream.range(0, 2 * recipes.size())
              .mapToObj(i -> pool.submit(() -> trained(recipes.get(i % recipes.size()), 300)))
              .toList();
      for (int i = 0; i < together.size(); i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i % recipes.size()));
      }
    }
  }

  private static byte[] trained(Recipe recipe, int steps) {
    float[] weights = new float[33 * 70];
    float[] gradient = new float[weights.length];
    try (Optimizer optimizer =
        Optimizer.bind(
            recipe,
            List.of(Parameter.of("w", Shape.of(33, 70), MemorySegment.ofArray(weights))),
            2)) {
      for (int t = 0; t < steps; t++) {
        for (int i = 0; i < gradient.length; i++) {
          gradient[i] = ((i * 7 + t * 5) % 23 - 11) * 0.0625f;
        }
        optimizer.step(Map.of("w", Gradient.dense(gradient)));
      }
    }
    return MemorySegment.ofArray(weights).toArray(JAVA_BYTE);
  }
}
