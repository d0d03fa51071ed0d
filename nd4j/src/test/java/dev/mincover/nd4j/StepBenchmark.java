package dev.mincover.nd4j;

import dev.mincover.Optimizer;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * What a step over one matrix of 4096 x 4096 costs, in turn: core's own step over memory of its
 * own, which is aligned to cache lines or only as ND4J's is, the adapter's over an array of ND4J in
 * 'c' and in 'f' order, {@link Sm3Updater} with the subtraction that SameDiff does, and ND4J's own
 * Adam and Sgd with it. Prints medians in milliseconds and ratios. Arguments: threads, rounds.
 */
final class StepBenchmark {

  private static final int SIDE = 4096;
  private static final int WARM_UP = 5;

  /** In bytes, of ND4J's large arrays. */
  private static final long ALIGNMENT = 16;

  private StepBenchmark() {}

  /** An updater as SameDiff calls it, and the subtraction after it. */
  private static final class Updated {
    final INDArray weights = Nd4j.zeros(DataType.FLOAT, SIDE, SIDE);
    final INDArray update = Nd4j.createUninitialized(DataType.FLOAT, SIDE, SIDE);
    final GradientUpdater<?> updater;
    int iteration;

    Updated(IUpdater config) {
      long size = config.stateSize((long) SIDE * SIDE);
      INDArray view = size == 0 ? null : Nd4j.createUninitialized(DataType.FLOAT, 1, size);
      updater = config.instantiate(view, false);
      updater.setStateViewArray(view, weights.shape(), 'c', true);
    }

    void step() {
      updater.applyUpdater(update, iteration++, 0);
      weights.subi(update);
    }
  }

  /** Prints the medians. */
  public static void main(String[] arguments) {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 15;
    for (Sm3 recipe :
        List.of(Sm3.learningRate(1e-3), Sm3.learningRate(1e-3).momentum(Momentum.average(0.9)))) {
      INDArray gradient = Nd4j.randn(DataType.FLOAT, SIDE, SIDE);
      INDArray columns = gradient.dup('f');
      INDArray rowMajor = Nd4j.zeros(DataType.FLOAT, SIDE, SIDE);
      INDArray columnMajor = rowMajor.dup('f');
      Updated sm3 = new Updated(Sm3Updater.of(recipe));
      Updated adam = new Updated(new Adam(1e-3));
      Updated sgd = new Updated(new Sgd(1e-3));
      try (Arena arena = Arena.ofShared();
          ArrayOptimizer inRows = ArrayOptimizer.bind(recipe, Map.of("w", rowMajor), threads);
          ArrayOptimizer inColumns =
              ArrayOptimizer.bind(recipe, Map.of("w", columnMajor), threads);
          Optimizer core = core(recipe, memory(arena, 0), threads);
          Optimizer coreAlike = core(recipe, memory(arena, ALIGNMENT), threads)) {
        Map<String, Gradient> given = given(gradient, memory(arena, 0));
        Map<String, Gradient> givenAlike = given(gradient, memory(arena, ALIGNMENT));
        List<Runnable> contestants =
            List.of(
                () -> core.step(given),
                () -> coreAlike.step(givenAlike),
                () -> inRows.step(Map.of("w", gradient)),
                () -> inColumns.step(Map.of("w", columns)),
                sm3::step,
                adam::step,
                sgd::step);
        List<double[]> all = new ArrayList<>();
        for (int i = 0; i < rounds + WARM_UP; i++) {
          for (Updated each : List.of(sm3, adam, sgd)) {
            each.update.assign(gradient);
          }
          double[] times = new double[contestants.size()];
          for (int k = 0; k < times.length; k++) { // Each comes after each other in its turn.
            int which = (i + k) % times.length;
            times[which] = milliseconds(contestants.get(which));
          }
          if (i >= WARM_UP) {
            all.add(times);
          }
        }
        print(recipe, threads, all);
      }
    }
  }

  /** A matrix that starts so many bytes behind the start of a cache line. */
  private static MemorySegment memory(Arena arena, long offset) {
    return arena.allocate(4L * SIDE * SIDE + offset, 64).asSlice(offset);
  }

  private static Optimizer core(Sm3 recipe, MemorySegment weights, int threads) {
    Parameter parameter = Parameter.of("w", Shape.of(SIDE, SIDE), weights);
    return Optimizer.bind(recipe, List.of(parameter), threads);
  }

  private static Map<String, Gradient> given(INDArray gradient, MemorySegment copy) {
    copy.copyFrom(ArrayMemory.of(gradient));
    return Map.of("w", Gradient.dense(copy));
  }

  private static void print(Sm3 recipe, int threads, List<double[]> all) {
    String[] names = {
      "core",
      "core aligned alike",
      "'c' order",
      "'f' order",
      "Sm3Updater",
      "ND4J's Adam",
      "ND4J's Sgd"
    };
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      line.append(String.format(Locale.ROOT, ", %s %.1f ms", names[i], median(all, i)));
    }
    System.out.printf(
        Locale.ROOT,
        "%s, %d threads%s; over core: 'c' order %.2f, 'f' order %.2f; over core aligned alike: 'c' order %.2f, 'f' order %.2f, Sm3Updater %.2f; Adam over 'c' order %.1f, over Sm3Updater %.1f%n",
        recipe.momentum().isNone() ? "SM3" : "SM3 with momentum",
        threads,
        line,
        median(all, 2) / median(all, 0),
        median(all, 3) / median(all, 0),
        median(all, 2) / median(all, 1),
        median(all, 3) / median(all, 1),
        median(all, 4) / median(all, 1),
        median(all, 5) / median(all, 2),
        median(all, 5) / median(all, 4));
  }

  private static double milliseconds(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) * 1e-6;
  }

  private static double median(List<double[]> all, int which) {
    double[] times = all.stream().mapToDouble(each -> each[which]).toArray();
    Arrays.sort(times);
    return times[times.length / 2];
  }
}
