package dev.mincover.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import dev.mincover.BoundOptimizer;
import dev.mincover.Gradient;
import dev.mincover.Guard;
import dev.mincover.Momentum;
import dev.mincover.Parameter;
import dev.mincover.Shape;
import dev.mincover.Sm3;
import dev.mincover.cover.Cover;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A dense step leaves nothing on the heap, once the compiler is through with it. */
class AllocationTest {

  private static final int MOST_STEPS = 20_000;

  static Stream<Sm3> recipes() {
    Sm3 plain = Sm3.learningRate(0.1);
    return Stream.of(
        plain,
        plain.guard(Guard.UNCHECKED),
        plain.momentum(Momentum.average(0.9)).weightDecay(0.1).clipByGlobalNorm(1),
        plain.momentum(Momentum.average(0.9).stored(Momentum.Format.BFLOAT16)),
        plain.cover(Cover.singletons()));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void denseStepsLeaveNothingOnTheHeap(Sm3 recipe) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assumeThat(threads.isThreadAllocatedMemorySupported()).isTrue();
    try (Arena arena = Arena.ofShared()) {
      List<Parameter> parameters = new ArrayList<>();
      Map<String, Gradient> gradients = new HashMap<>();
      long[][] shapes = {{64, 33}, {40, 8}, {64}, {4, 3, 5, 5}, {}};
      for (long[] dimensions : shapes) {
        Shape shape = Shape.of(dimensions);
        String name = "shape " + shape;
        parameters.add(Parameter.of(name, shape, arena.allocate(4 * shape.size(), 64)));
        var values = arena.allocate(4 * shape.size(), 64);
        values.fill((byte) 0x3d);
        gradients.put(name, Gradient.dense(values));
      }
      try (BoundOptimizer optimizer = recipe.bind(parameters, 1)) {
        long least = Long.MAX_VALUE;
        for (int step = 0; step < MOST_STEPS && least > 0; step++) {
          long before = threads.getCurrentThreadAllocatedBytes();
          optimizer.step(gradients);
          least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        assertThat(least).isZero();
      }
    }
  }
}
