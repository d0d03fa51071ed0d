package dev.mincover.benchmarks;

import dev.mincover.Momentum;
import dev.mincover.Sm3;
import dev.mincover.lab.bench.Machine;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Batches;
import dev.mincover.lab.model.Gpt;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.peer.FusedAdam;
import dev.mincover.lab.train.TrainingStep;
import dev.mincover.torch.TorchOptimizer;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

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
   * @param threads of libtorch while the optimizer steps
   */
  private record Run(String name, int threads, TrainingStep step, List<Double> tokensPerSecond) {

    Run(String name, int threads, TrainingStep step) {
      this(name, threads, step, new ArrayList<>());
    }

    void round() {
      // Of this thread alone, on which optimizers step: those of the model have begun with one.
      torch.set_num_threads(threads);
      double before = step.seconds();
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      tokensPerSecond.add(STEPS * ROWS * CONFIG.context() / (step.seconds() - before));
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
    try (Gpt ours = new Gpt(CONFIG, 1);
        Gpt theirs = new Gpt(CONFIG, 1);
        TorchOptimizer sm3 = TorchOptimizer.bind(recipe, ours.parameters(), threads);
        FusedAdam adam = new FusedAdam(weights(theirs), 0.9, 0.999, 1e-8);
        TrainingStep ourStep = step(ours, new Ours(sm3), text, threads);
        TrainingStep theirStep = step(theirs, new Theirs(adam, weights(theirs)), text, threads)) {
      for (int i = 0; i < WARM_UP_ROUNDS * STEPS; i++) {
        ourStep.run();
        theirStep.run();
      }
      List<Run> runs = new ArrayList<>();
      runs.add(new Run("SM3, momentum 0.9", 1, ourStep));
      runs.add(new Run("fused Adam", 1, theirStep));
      if (threads > 1) {
        runs.add(new Run("fused Adam", threads, theirStep));
      }
      measure(runs, rounds, threads);
    }
    System.exit(0); // Threads of libtorch's may live on.
  }

  private static void measure(List<Run> runs, int rounds, int threads) {
    double[] seconds = new double[runs.size()];
    for (int round = 0; round < rounds; round++) {
      for (int turn = 0; turn < runs.size(); turn++) {
        int i = (round + turn) % runs.size(); // Each is first in turn.
        Run run = runs.get(i);
        double before = run.step().learnerSeconds();
        run.round();
        seconds[i] += run.step().learnerSeconds() - before;
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
          i == 0 ? threads : run.threads(),
          median(run.tokensPerSecond()),
          1e3 * seconds[i] / (rounds * (double) STEPS),
          median(ratios));
    }
  }

  private static TrainingStep step(
      Gpt model, TrainingStep.Learner learner, byte[] text, int threads) {
    Batch batch = new Batch(ROWS, CONFIG.context());
    return new TrainingStep(model, learner, new Batches(text, 1), batch, threads);
  }

  private static List<Tensor> weights(Gpt model) {
    return List.copyOf(model.parameters().values());
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** As a training takes it. */
  private record Ours(TorchOptimizer optimizer) implements TrainingStep.Learner {
    @Override
    public void step() {
      optimizer.step();
    }

    @Override
    public void zeroGradients() {
      optimizer.zeroGradients();
    }
  }

  /** The peer, at the learning rate that {@code train} has for Adam. */
  private record Theirs(FusedAdam optimizer, List<Tensor> weights) implements TrainingStep.Learner {
    @Override
    public void step() {
      optimizer.step(0.002);
    }

    @Override
    public void zeroGradients() {
      weights.forEach(weight -> weight.mutable_grad().reset());
    }
  }
}
