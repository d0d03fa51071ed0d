package dev.mincover.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.Parameter;
import dev.mincover.Shape;
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
class RowPassTest {

  private static final List<Shape> SHAPES =
      List.of(
          Shape.of(),
          Shape.of(0),
          Shape.of(1),
          Shape.of(100_003),
          Shape.of(1, 70_001),
          Shape.of(257, 300),
          Shape.of(3, 30_001),
          Shape.of(9_000, 8),
          Shape.of(70_000, 1),
          Shape.of(17, 5_000),
          Shape.of(64, 3, 7, 7),
          Shape.of(2, 3, 4, 5000),
          Shape.of(30, 40, 66),
          Shape.of(5, 0, 3));

  static Stream<Arguments> runs() {
    return Stream.of(
            Coefficients.of(1, 0, 0),
            Coefficients.of(1, 1e-30, 0.9),
            Coefficients.of(0.95, 0, 0),
            Coefficients.of(0.9, 1e-12, 0.5))
        .flatMap(k -> Stream.of(1L, 2L).map(seed -> Arguments.of(k, seed)));
  }

  @ParameterizedTest(name = "{0}, seed {1}")
  @MethodSource("runs")
  void kernelAndThreadsDoNotShow(Coefficients k, long seed) {
    Random random = new Random(seed);
    List<List<float[]>> steps = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      steps.add(SHAPES.stream().map(shape -> values(shape, random)).toList());
    }
    List<float[]> expected = train(k, new ScalarRowKernel(), 1, steps);
    for (int threads = 1; threads <= 3; threads++) {
      for (RowKernel kernel : List.of(new ScalarRowKernel(), new VectorRowKernel())) {
        List<float[]> actual = train(k, kernel, threads, steps);
        for (int i = 0; i < expected.size(); i++) {
          assertThat(Arrays.equals(actual.get(i), expected.get(i)))
              .as("array %d, %s, %d threads", i, kernel.getClass().getSimpleName(), threads)
              .isTrue();
        }
      }
    }
  }

  /** Weights and accumulators after a training that starts from the first gradients. */
  private static List<float[]> train(
      Coefficients k, RowKernel kernel, int threads, List<List<float[]>> steps) {
    List<float[]> result = new ArrayList<>();
    try (Memory memory = new Memory()) {
      List<TensorState> states = new ArrayList<>();
      for (int i = 0; i < SHAPES.size(); i++) {
        float[] weights = steps.get(0).get(i).clone();
        result.add(weights);
        Parameter parameter =
            new Parameter("w", SHAPES.get(i), MemorySegment.ofArray(weights), false);
        states.add(new TensorState(parameter, k.keepMomentum() != 0, memory));
      }
      try (Step step = new Step(states, new RowPass(k, kernel), threads, memory)) {
        for (List<float[]> gradients : steps) {
          step.run(
              gradients.stream().map(MemorySegment::ofArray).toArray(MemorySegment[]::new), 0.1f);
        }
      }
      for (TensorState state : states) {
        result.addAll(List.of(state.accumulators()));
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
