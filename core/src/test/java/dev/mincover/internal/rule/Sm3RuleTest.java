package dev.mincover.internal.rule;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.cover.Cover;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.kernel.Kernels;
import dev.mincover.internal.kernel.VectorKernels;
import dev.mincover.internal.step.Step;
import dev.mincover.internal.storage.NativeMemory;
import dev.mincover.internal.thread.WorkerTeam;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Kernels and numbers of threads never show in a result: equal bits, over several steps. */
class Sm3RuleTest {

  private static final Cover SLICES = Cover.slices();

  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1),
          Shape.of(70_003),
          Shape.of(1, 70_001),
          Shape.of(257, 270),
          Shape.of(3, 23_001),
          Shape.of(9_000, 8),
          Shape.of(7_000, 1),
          Shape.of(17, 500),
          Shape.of(64, 3, 7, 7),
          Shape.of(2, 3, 4, 3000),
          Shape.of(20, 9, 66),
          Shape.of(5, 0, 3));

  static Stream<Arguments> runs() {
    Sm3 plain = Sm3.learningRate(0.1);
    Sm3 average = plain.secondMoment(SecondMoment.average(0.9));
    return Stream.of(
            plain,
            plain.epsilon(1e-30).momentum(Momentum.average(0.9)),
            average.momentum(Momentum.heavyBall(0.5)).weightDecay(0.01),
            plain.algorithm(Sm3.Algorithm.SM3_I),
            average.algorithm(Sm3.Algorithm.SM3_I).cover(Cover.axes(0)).cover("shape 0", SLICES),
            average.momentum(Momentum.nesterov(0.9)),
            plain.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
            plain.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)),
            plain.cover(Cover.singletons()),
            average.cover(Cover.whole()),
            plain.clipByValue(0.5))
        .map(recipe -> Arguments.of(recipe, 1L));
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("runs")
  void kernelAndThreadsDoNotShow(Sm3 recipe, long seed) {
    Random random = new Random(seed);
    List<List<float[]>> steps = new ArrayList<>();
    for (int t = 0; t < 3; t++) {
      steps.add(SHAPES.stream().map(shape -> values(shape, random)).toList());
    }
    List<float[]> expected = train(recipe, Kernels.SCALAR, 1, steps);
    for (int threads = 1; threads <= 3; threads += 2) {
      for (Kernels kernels : List.of(Kernels.SCALAR, new VectorKernels())) {
        List<float[]> actual = train(recipe, kernels, threads, steps);
        for (int i = 0; i < expected.size(); i++) {
          assertThat(Arrays.equals(actual.get(i), expected.get(i)))
              .as("array %d, %s, %d threads", i, kernels.getClass().getSimpleName(), threads)
              .isTrue();
        }
      }
    }
  }

  /** Weights and accumulators after a training that starts from the first gradients. */
  private static List<float[]> train(
      Sm3 recipe, Kernels kernels, int threads, List<List<float[]>> steps) {
    List<float[]> result = new ArrayList<>();
    try (NativeMemory memory = new NativeMemory()) {
      List<Rule> rules = new ArrayList<>();
      for (int i = 0; i < SHAPES.size(); i++) {
        float[] weights = steps.get(0).get(i).clone();
        result.add(weights);
        Parameter parameter =
            Parameter.of("shape " + i, SHAPES.get(i), MemorySegment.ofArray(weights));
        rules.add(Sm3Rule.of(parameter, recipe, kernels, memory));
      }
      try (WorkerTeam team = new WorkerTeam(threads, memory)) {
        Step step = new Step(rules, team);
        for (int t = 0; t < steps.size(); t++) {
          StepGradient[] gradients = new StepGradient[SHAPES.size()];
          for (int i = 0; i < gradients.length; i++) {
            gradients[i] = rules.get(i).read(Gradient.dense(steps.get(t).get(i)));
            gradients[i].transform((float) recipe.options().clipValue(), 1);
          }
          step.run(gradients, 0.1, t + 1);
        }
      }
      for (Rule rule : rules) {
        result.addAll(List.of(rule.accumulators()));
      }
    }
    return result;
  }

  private static float[] values(Shape shape, Random random) {
    float[] values = new float[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(7) == 0 ? 0 : (float) random.nextGaussian();
    }
    return values;
  }
}
