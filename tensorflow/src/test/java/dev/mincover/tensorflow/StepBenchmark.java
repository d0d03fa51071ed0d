package dev.mincover.tensorflow;

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
import org.tensorflow.Graph;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Adam;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/**
 * What a step over one variable of 4096 x 4096 costs, in turn: core's own step over other memory,
 * {@link SessionOptimizer}'s, {@link Sm3Optimizer}'s run and that of TensorFlow-Java's Adam. The
 * gradient is a variable, so that no run computes any. Prints medians in milliseconds. Arguments:
 * threads of core, rounds.
 */
final class StepBenchmark {

  private static final int SIDE = 4096;

  private StepBenchmark() {}

  /** A graph of a weight and its gradient, with a session. */
  private static final class Contestant implements AutoCloseable {
    final Graph graph = new Graph();
    final Variable<TFloat32> weight;
    final Variable<TFloat32> gradient;
    private final Placeholder<TFloat32> values;
    private final Op fill;

    Contestant() {
      Ops tf = Ops.create(graph);
      weight = tf.withName("w").variable(Shape.of(SIDE, SIDE), TFloat32.class);
      gradient = tf.withName("g").variable(Shape.of(SIDE, SIDE), TFloat32.class);
      values = tf.placeholder(TFloat32.class);
      Op first = tf.assign(weight, values);
      fill = tf.withControlDependencies(first).assign(gradient, values);
    }

    Session session(MemorySegment numbers) {
      Session session = new Session(graph);
      try (TFloat32 tensor = TFloat32.tensorOf(Shape.of(SIDE, SIDE))) {
        TensorMemory.of(tensor).copyFrom(numbers);
        session.runner().feed(values, tensor).addTarget(fill).run();
      }
      return session;
    }

    @Override
    public void close() {
      graph.close();
    }
  }

  /** Prints the medians. */
  public static void main(String[] arguments) {
    int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1;
    int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 25;
    Sm3 plain = Sm3.learningRate(1e-3);
    for (Sm3 recipe : List.of(plain, plain.momentum(Momentum.average(0.9)))) {
      compare(recipe, threads, rounds);
    }
  }

  private static void compare(Sm3 recipe, int threads, int rounds) {
    try (Arena arena = Arena.ofShared();
        Contestant ofAdam = new Contestant();
        Contestant ofOperators = new Contestant();
        Contestant ofStepper = new Contestant()) {
      MemorySegment weights = arena.allocate(4L * SIDE * SIDE, 64);
      MemorySegment numbers = arena.allocate(4L * SIDE * SIDE, 64);
      for (long at = 0; at < numbers.byteSize(); at += Float.BYTES) {
        numbers.set(ValueLayout.JAVA_FLOAT, at, (float) Math.sin(1.0 + at));
      }
      Op adam =
          new Adam(ofAdam.graph, 1e-3f)
              .applyGradients(List.of(Graphs.pair(ofAdam.gradient, ofAdam.weight)), "adam");
      Sm3Optimizer sm3 = new Sm3Optimizer(ofOperators.graph, recipe);
      Op operators =
          sm3.applyGradients(List.of(Graphs.pair(ofOperators.gradient, ofOperators.weight)), "sm3");
      var parameter = Parameter.of("w", dev.mincover.tensor.Shape.of(SIDE, SIDE), weights);
      try (Session adams = ofAdam.session(numbers);
          Session operating = ofOperators.session(numbers);
          Session stepped = ofStepper.session(numbers);
          SessionOptimizer stepper =
              SessionOptimizer.bind(
                  recipe,
                  stepped,
                  List.of(Graphs.pair(ofStepper.gradient, ofStepper.weight)),
                  List.of(),
                  threads);
          Optimizer core = Optimizer.bind(recipe, List.of(parameter), threads);
          TFloat64 rate = sm3.rate(1)) {
        Map<String, Gradient> gradients = Map.of("w", Gradient.dense(numbers));
        List<double[]> all = new ArrayList<>();
        for (int i = 0; i < rounds + 10; i++) {
          double[] times = {
            milliseconds(() -> core.step(gradients)),
            milliseconds(() -> stepper.step(stepped.runner()).close()),
            milliseconds(() -> adams.run(adam)),
            milliseconds(
                () -> operating.runner().feed(sm3.rate(), rate).addTarget(operators).run()),
          };
          if (i >= 10) {
            all.add(times);
          }
        }
        double ofCore = median(all, 0);
        double own = median(all, 1);
        double theirs = median(all, 2);
        System.out.printf(
            "%s, %d threads: core %.1f ms, SessionOptimizer %.1f ms (%.2f of core's, %.2f of Adam's), Adam %.1f ms, Sm3Optimizer %.1f ms%n",
            recipe.momentum().isNone() ? "SM3" : "SM3 with momentum",
            threads,
            ofCore,
            own,
            own / ofCore,
            own / theirs,
            theirs,
            median(all, 3));
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
