package dev.mincover.tribuo;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.tribuo.Dataset;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.math.LinearParameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.DenseVector;
import org.tribuo.math.la.Matrix;
import org.tribuo.math.la.SGDVector;
import org.tribuo.math.la.SparseVector;
import org.tribuo.math.la.Tensor;
import org.tribuo.math.optimisers.AdaGrad;

/**
 * Whole trainings of Tribuo's models on text-like data, with Tribuo's AdaGrad and with SM3 in turn.
 * Prints the median of examples per second, and the median of the ratios within a round. Argument:
 * rounds.
 */
final class StepBenchmark {

  private static final int EPOCHS = 1;
  private static final int LABELS = 20;

  private StepBenchmark() {}

  /** Prints the medians. */
  public static void main(String[] arguments) {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 15;
    Logger.getLogger("org.tribuo").setLevel(Level.WARNING);
    Dataset<Label> many = Documents.of(4_000, LABELS, 20_000, 150, 1);
    Dataset<Label> few = Documents.of(400, 5, 20_000, 150, 1);
    System.out.printf(
        "%d documents, %d features, %d labels; factorisation machine: %d documents, 5 labels%n",
        many.size(), many.getFeatureMap().size(), LABELS, few.size());
    steps(
        "sparse gradients",
        gradients(
            many.getData().stream()
                .limit(500)
                .map(example ->
                    SparseVector.createSparseVector(example, many.getFeatureIDMap(), true))),
        rounds);
    SplittableRandom random = new SplittableRandom(3);
    steps(
        "dense gradients of 500 features",
        gradients(
            Stream.generate(
                    () -> DenseVector.createDenseVector(random.doubles(500, -1, 1).toArray()))
                .limit(100)),
        rounds);
    for (int batch : new int[] {1, 32}) {
      compare(
          "linear, minibatch " + batch,
          many,
          rounds,
          optimiser -> new LinearSGDTrainer(new LogMulticlass(), optimiser, EPOCHS, -1, batch, 1));
    }
    compare(
        "factorisation machine, minibatch 1",
        few,
        rounds,
        optimiser ->
            new FMClassificationTrainer(new LogMulticlass(), optimiser, EPOCHS, -1, 1, 1, 8, 0.1));
  }

  /** Gradients of a linear model: the outer products of random ones of its output and features. */
  private static Matrix[] gradients(Stream<? extends SGDVector> features) {
    SplittableRandom random = new SplittableRandom(2);
    return features
        .map(each ->
            DenseVector.createDenseVector(random.doubles(LABELS, -1, 1).toArray()).outer(each))
        .toArray(Matrix[]::new);
  }

  /** Steps alone. */
  private static void steps(String what, Matrix[] gradients, int rounds) {
    LinearParameters parameters = new LinearParameters(gradients[0].getDimension2Size(), LABELS);
    StochasticGradientOptimiser[] optimisers = {new AdaGrad(0.5), new Sm3Optimiser(0.5)};
    for (StochasticGradientOptimiser optimiser : optimisers) {
      optimiser.initialise(parameters);
    }
    List<double[]> all = new ArrayList<>();
    for (int i = 0; i < rounds + 10; i++) {
      double[] times = new double[optimisers.length];
      for (int which = 0; which < times.length; which++) {
        Tensor[][] copies =
            Arrays.stream(gradients)
                .map(gradient -> new Tensor[] {gradient.copy()})
                .toArray(Tensor[][]::new);
        long start = System.nanoTime();
        for (Tensor[] copy : copies) {
          var _ = optimisers[which].step(copy, 1);
        }
        times[which] = (System.nanoTime() - start) * 1e-3 / copies.length;
      }
      if (i >= 10) {
        all.add(times);
      }
    }
    System.out.printf(
        "step over %s: AdaGrad %.1f us, SM3 %.1f us, %.2f times as fast%n",
        what,
        median(all.stream().mapToDouble(each -> each[0]).toArray()),
        median(all.stream().mapToDouble(each -> each[1]).toArray()),
        median(all.stream().mapToDouble(each -> each[0] / each[1]).toArray()));
  }

  private static void compare(
      String what,
      Dataset<Label> data,
      int rounds,
      Function<StochasticGradientOptimiser, Trainer<Label>> trainer) {
    Map<String, StochasticGradientOptimiser> optimisers = new LinkedHashMap<>();
    optimisers.put("AdaGrad", new AdaGrad(0.5));
    optimisers.put("SM3", new Sm3Optimiser(0.5));
    List<double[]> all = new ArrayList<>();
    for (int i = 0; i < rounds + 3; i++) {
      double[] rates =
          optimisers.values().stream()
              .mapToDouble(optimiser -> examplesPerSecond(trainer.apply(optimiser), data))
              .toArray();
      if (i >= 3) {
        all.add(rates);
      }
    }
    System.out.printf(
        "%s: AdaGrad %,.0f examples/s, SM3 %,.0f examples/s, %.2f times%n",
        what,
        median(all.stream().mapToDouble(each -> each[0]).toArray()),
        median(all.stream().mapToDouble(each -> each[1]).toArray()),
        median(all.stream().mapToDouble(each -> each[1] / each[0]).toArray()));
  }

  private static double examplesPerSecond(Trainer<Label> trainer, Dataset<Label> data) {
    long start = System.nanoTime();
    var _ = trainer.train(data);
    return EPOCHS * data.size() / ((System.nanoTime() - start) * 1e-9);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
