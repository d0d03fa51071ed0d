package dev.mincover.djl;

import static java.util.Objects.requireNonNull;

import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import dev.mincover.Optimizer;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What a step over one matrix of 4096 x 4096 costs, in turn: core's own step over the same memory,
 * the adapter's by its own loop and through {@code Trainer.step}, and DJL's AdamW through {@code
 * Trainer.step}. Prints medians in milliseconds. Arguments: threads, rounds.
 */
final class StepBenchmark {

  private static final int SIDE = 4096;

  private StepBenchmark() {}

  /** A trainer of a layer without a bias, whose gradient is set to numbers before each step. */
  private static final class Contestant implements AutoCloseable {
    final Model model = Model.newInstance("benchmark", "PyTorch");
    final Block block = Linear.builder().setUnits(SIDE).optBias(false).build();
    final Trainer trainer;

    Contestant(ai.djl.training.optimizer.Optimizer optimizer) {
      model.setBlock(block);
      trainer = model.newTrainer(new DefaultTrainingConfig(Loss.l2Loss()).optOptimizer(optimizer));
      trainer.initialize(new Shape(1, SIDE));
      try (NDManager manager = trainer.getManager().newSubManager();
          GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray input = manager.ones(new Shape(1, SIDE));
        collector.backward(trainer.forward(new NDList(input)).singletonOrThrow().sum());
      }
    }

    NDArray weights() {
      return block.getParameters().get(0).getValue().getArray();
    }

    void setGradient(MemorySegment values) {
      try (NDArray gradient = weights().getGradient()) {
        requireNonNull(ArrayMemory.of(gradient)).copyFrom(values);
      }
    }

    @Override
    public void close() {
      trainer.close();
      model.close();
    }
  }

  /** Prints the medians. */
  public static void main(String[] arguments) {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 15;
    ai.djl.training.optimizer.Optimizer adamw = ai.djl.training.optimizer.Optimizer.adamW().build();
    for (Sm3 recipe :
        List.of(Sm3.learningRate(1e-3), Sm3.learningRate(1e-3).momentum(Momentum.average(0.9)))) {
      MincoverOptimizer dropIn = MincoverOptimizer.builder(recipe).optThreads(threads).build();
      try (Arena arena = Arena.ofShared();
          Contestant ofAdam = new Contestant(adamw);
          Contestant ofDropIn = new Contestant(dropIn);
          Contestant ofBlock = new Contestant(MincoverOptimizer.builder(recipe).build());
          BlockOptimizer own = BlockOptimizer.bind(recipe, ofBlock.block, threads)) {
        MemorySegment weights = arena.allocate(4L * SIDE * SIDE, 64);
        MemorySegment gradient = arena.allocate(4L * SIDE * SIDE, 64);
        for (long at = 0; at < gradient.byteSize(); at += Float.BYTES) {
          gradient.set(ValueLayout.JAVA_FLOAT, at, (float) Math.sin(1.0 + at));
        }
        try (Optimizer core =
            Optimizer.bind(
                recipe,
                List.of(Parameter.of("w", dev.mincover.tensor.Shape.of(SIDE, SIDE), weights)),
                threads)) {
          Map<String, Gradient> gradients = Map.of("w", Gradient.dense(gradient));
          List<double[]> all = new ArrayList<>();
          for (int i = 0; i < rounds + 5; i++) {
            ofAdam.setGradient(gradient);
            ofDropIn.setGradient(gradient);
            ofBlock.setGradient(gradient);
            double[] times = {
              milliseconds(() -> core.step(gradients)),
              milliseconds(own::step),
              milliseconds(ofDropIn.trainer::step),
              milliseconds(ofAdam.trainer::step),
              milliseconds(own::zeroGradients)
            };
            if (i >= 5) {
              all.add(times);
            }
          }
          System.out.printf(
              "%s, %d threads: core %.1f ms, own loop %.1f ms, of which zeroing the gradient %.1f ms, Trainer.step %.1f ms, AdamW %.1f ms%n",
              recipe.momentum().isNone() ? "SM3" : "SM3 with momentum",
              threads,
              median(all, 0),
              median(all, 1),
              median(all, 4),
              median(all, 2),
              median(all, 3));
        }
      }
    }
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
