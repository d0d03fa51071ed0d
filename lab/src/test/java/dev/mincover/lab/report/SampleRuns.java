package dev.mincover.lab.report;

import dev.mincover.lab.optimizer.OptimizerSettings;
import dev.mincover.lab.run.Metrics;
import dev.mincover.lab.run.RunDirectory;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.statistics.GradientStatistics;
import dev.mincover.lab.statistics.ParameterStatistics;
import dev.mincover.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Run directories as trainings leave them, without the trainings. */
final class SampleRuns {
  static final int STEPS = 50;
  static final double BIGRAM = 3.7151234;
  static final long PARAMETERS = 1_000;

  private static final int TOKENS_A_STEP = 1_024;

  private SampleRuns() {}

  /** A run of SM3-II with momentum. */
  static OptimizerSettings sm3() {
    return settings("sm3", 0.02, 0.9);
  }

  static OptimizerSettings settings(String name, double rate, double momentum) {
    boolean sm3 = name.equals("sm3");
    Double beta2 = name.equals("adam") ? Double.valueOf(0.999) : Double.valueOf(1);
    return new OptimizerSettings(
        name,
        new OptimizerSettings.Rate(rate, "constant", sm3 ? 0.3 : 0.05, 2, 0.1, List.of()),
        new OptimizerSettings.Rule(
            sm3 ? "sm3-ii" : null,
            sm3 ? List.of("slices") : null,
            momentum,
            momentum == 0 ? null : "average",
            momentum == 0 ? null : "float32",
            name.equals("adagrad") ? null : beta2,
            name.equals("adam") ? 1e-8 : 0.0),
        new OptimizerSettings.Decay(0, List.of()),
        new OptimizerSettings.Gradients(null, null, false, "refuse"),
        new OptimizerSettings.Weights("nearest", "none"));
  }

  /**
   * Writes metrics and summary.
   *
   * @param loss the last validation loss in nats; null if it was not finite
   * @param stateBytes of the optimizer
   */
  static RunDirectory write(
      Path directory,
      OptimizerSettings optimizer,
      long seed,
      @Nullable Double loss,
      long stateBytes) {
    RunDirectory run = new RunDirectory(directory);
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Random random = new Random(seed);
    try (Metrics metrics = new Metrics(run.metrics())) {
      for (int step = 1; step <= STEPS; step++) {
        double end = loss == null ? Double.NaN : loss;
        float value = (float) (end + 3.0 / step + 0.05 * random.nextGaussian());
        metrics.add(
            step,
            (long) step * TOKENS_A_STEP,
            0.1 * step,
            value,
            step % 10 == 0 ? (Float) (float) (end + 3.0 / step) : null,
            0.02 * Math.min(1, step / 5.0));
      }
    }
    new Summary(
            new Summary.Course(
                loss != null, STEPS, 0, (long) STEPS * TOKENS_A_STEP, 0.1 * STEPS, 0.123456789),
            new Summary.Memory(PARAMETERS, stateBytes, 8 * PARAMETERS, 500_000_000L + seed),
            new Summary.Quality(loss, BIGRAM, List.of()),
            optimizer,
            new Summary.Setup(
                "lm",
                seed,
                2,
                new Summary.Model(4, 128, 4, 128, true, "float32"),
                8,
                "Text with <b>marks</b> & \"quotes\""),
            new Summary.Platform("0.1.0", "25.0.3", "a processor", new TreeMap<>()))
        .write(run.summary());
    return run;
  }

  /** Adds statistics of two blocks of layers and an embedding. */
  static void writeStatistics(RunDirectory run) {
    Random random = new Random(7);
    new GradientStatistics(
            STEPS,
            List.of(
                parameter("wte.weight", Shape.of(100, 24), random),
                parameter("h.0.mlp.c_fc.weight", Shape.of(32, 8), random),
                parameter("h.0.mlp.c_fc.bias", Shape.of(32), random),
                parameter("h.1.mlp.c_fc.weight", Shape.of(32, 8), random)))
        .write(run.statistics());
  }

  /** Row times column, and a little noise; the first row has seen no gradient. */
  static ParameterStatistics parameter(String name, Shape shape, Random random) {
    int columns = shape.rank() < 2 ? 1 : (int) shape.dimension(1);
    float[] adagrad = new float[(int) shape.size()];
    float[] rows = new float[adagrad.length / columns];
    float[] along = new float[columns];
    for (int i = 0; i < adagrad.length; i++) {
      int row = i / columns;
      adagrad[i] = row == 0 ? 0 : (float) (row * (1 + i % columns) * (1 + random.nextDouble()));
      rows[row] = Math.max(rows[row], adagrad[i]);
      along[i % columns] = Math.max(along[i % columns], adagrad[i]);
    }
    float[][] mu = shape.rank() < 2 ? new float[][] {adagrad} : new float[][] {rows, along};
    return new ParameterStatistics(name, shape, adagrad, mu, mu, new float[0][]);
  }
}
