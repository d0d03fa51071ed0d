package dev.mincover.benchmarks;

import dev.mincover.lab.common.Machine;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.libtorch.FusedAdam;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.optimizer.BoundCoreOptimizer;
import dev.mincover.lab.optimizer.BoundLibtorchOptimizer;
import dev.mincover.lab.optimizer.BoundOptimizer;
import dev.mincover.lab.train.TrainingStep;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;

/**
 * What {@code mincover train} does by default, with SM3 and with libtorch's fused Adam: tokens a
 * second, in one process, ten steps of one after ten steps of the other. Adam is timed both on the
 * threads that SM3 has and on one, which may be faster for tensors as small as these.
 */
public final class TrainingBenchmark {

  private static final GptConfig CONFIG = new GptConfig(4, 128, 4, 128);
  private static final int ROWS = 8;
  private static final int STEPS = 10;
  private static final int WARM_UP_ROUNDS = 3;

  private TrainingBenchmark() {}

  /**
   * A training.
   *
   * @param threads of the optimizer while it steps
   */
  private record Run(
      String name,
      int threads,
      Gpt model,
      BoundOptimizer bound,
      TrainingStep step,
      List<Double> tokensPerSecond)
      implements AutoCloseable {

    /** With a model of its own, whose weights are those of all others. */
    static Run of(
        String name,
        int threads,
        BiFunction<Map<String, Tensor>, Integer, BoundOptimizer> binding,
        byte[] text,
        int modelThreads) {
      Gpt model = new Gpt(CONFIG, 1);
      BoundOptimizer bound = binding.apply(model.parameters(), threads);
      Batch batch = new Batch(ROWS, CONFIG.context());
      TrainingStep step = new TrainingStep(model, bound, new Batches(text, 1), batch, modelThreads);
      return new Run(name, threads, model, bound, step, new ArrayList<>());
    }

    void round() {
      double before = step.seconds();
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      tokensPerSecond.add(STEPS * ROWS * CONFIG.context() / (step.seconds() - before));
    }

    @Override
    public void close() {
      step.close();
      bound.close();
      model.close();
    }
  }

  /**
   * Prints medians over the rounds.
   *
   * @param arguments rounds, by default 40; then threads, by default 2
   */
  public static void main(String[] arguments) {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 40;
    int threads = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
    byte[] text = new byte[1 << 20]; // What it says does not matter to how fast it is read.
    for (int i = 0; i < text.length; i++) {
      text[i] = (byte) ('a' + i * 7 % 26);
    }
    Sm3 recipe = Sm3.learningRate(0.02).momentum(Momentum.average(0.9));
    List<Run> runs = new ArrayList<>();
    runs.add(
        Run.of(
            "SM3, momentum 0.9",
            threads,
            (w, n) -> new BoundCoreOptimizer(recipe, w, n),
            text,
            threads));
    runs.add(Run.of("fused Adam", 1, TrainingBenchmark::adam, text, threads));
    if (threads > 1) {
      runs.add(Run.of("fused Adam", threads, TrainingBenchmark::adam, text, threads));
    }
    for (int i = 0; i < WARM_UP_ROUNDS * STEPS; i++) {
      runs.forEach(run -> run.step().run());
    }
    measure(runs, rounds, threads);
    runs.forEach(Run::close);
    System.exit(0); // Threads of libtorch's may live on.
  }

  /** libtorch's Adam, at the learning rate that {@code train} has for Adam. */
  private static BoundOptimizer adam(Map<String, Tensor> parameters, int threads) {
    List<Tensor> weights = List.copyOf(parameters.values());
    FusedAdam adam = new FusedAdam(weights, 0.9, 0.999, 1e-8);
    return new BoundLibtorchOptimizer(adam, Schedule.constant(0.002), parameters, threads);
  }

  private static void measure(List<Run> runs, int rounds, int threads) {
    double[] seconds = new double[runs.size()];
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < runs.size(); turn++) {
        int i = (round + turn) % runs.size(); // Each is first in turn.
        Run run = runs.get(i);
        double before = run.step().optimizerSeconds();
        run.round();
        seconds[i] += run.step().optimizerSeconds() - before;
      }
    }
    System.out.printf(
        "%s%nmodel on %d threads, %d rounds of %d steps%n%n%-18s %18s %10s %14s %10s%n",
        Machine.description(),
        threads,
        rounds,
        STEPS,
        "optimizer",
        "optimizer threads",
        "tokens/s",
        "its ms a step",
        "SM3 / it");
    for (int i = 0; i < runs.size(); i++) {
      Run run = runs.get(i);
      List<Double> ratios = new ArrayList<>();
      for (int round = 0; round < rounds; round++) {
        double sm3 = runs.getFirst().tokensPerSecond().get(round);
        ratios.add(sm3 / run.tokensPerSecond().get(round));
      }
      System.out.printf(
          "%-18s %18d %,10.0f %14.3f %10.3f%n",
          run.name(),
          run.threads(),
          median(run.tokensPerSecond()),
          1e3 * seconds[i] / (rounds * (double) STEPS),
          median(ratios));
    }
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
