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
 * What a step over one matrix of 4096 x 4096 costs, in turn: core's own step over memory of its own,
 * the adapter's over an array of ND4J in 'c' and in 'f' order, {@link Sm3Updater} with the
 * subtraction that SameDiff does, and ND4J's own Adam and Sgd with it. Prints medians in milliseconds
 * and ratios. Arguments: threads, rounds.
 */
final class StepBenchmark {

  private static final int SIDE = 4096;
  private static final int WARM_UP = 5;

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
          Optimizer core =
              Optimizer.bind(
                  recipe,
                  List.of(
                      Parameter.of(
                          "w",
                          Shape.of(SIDE, SIDE),
                          arena.allocate(4L * SIDE * SIDE, 64))),
                  threads)) {
        MemorySegment values = arena.allocate(4L * SIDE * SIDE, 64);
        values.copyFrom(ArrayMemory.of(gradient));
        Map<String, Gradient> given = Map.of("w", Gradient.dense(values));
        List<double[]> all = new ArrayList<>();
        for (int i = 0; i < rounds + WARM_UP; i++) {
          for (Updated each : List.of(sm3, adam, sgd)) {
            each.update.assign(gradient);
          }
          double[] times = {
            milliseconds(() -> core.step(given)),
            milliseconds(() -> inRows.step(Map.of("w", gradient))),
            milliseconds(() -> inColumns.step(Map.of("w", columns))),
            milliseconds(sm3::step),
            milliseconds(adam::step),
            milliseconds(sgd::step)
          };
          if (i >= WARM_UP) {
            all.add(times);
          }
        }
        print(recipe, threads, all);
      }
    }
  }

  private static void print(Sm3 recipe, int threads, List<double[]> all) {
    String[] names = {"core", "'c' order", "'f' order", "Sm3Updater", "ND4J's Adam", "ND4J's Sgd"};
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      line.append(String.format(Locale.ROOT, ", %s %.1f ms", names[i], median(all, i)));
    }
    System.out.printf(
        Locale.ROOT,
        "%s, %d threads%s; 'c' order / core %.2f, 'f' order / core %.2f, Sm3Updater / core %.2f, Adam / 'c' order %.1f%n",
        recipe.momentum().isNone() ? "SM3" : "SM3 with momentum",
        threads,
        line,
        median(all, 1) / median(all, 0),
        median(all, 2) / median(all, 0),
        median(all, 3) / median(all, 0),
        median(all, 4) / median(all, 1));
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
