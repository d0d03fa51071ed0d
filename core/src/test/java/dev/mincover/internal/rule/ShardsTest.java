package dev.mincover.internal.rule;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.cover.Cover;
import dev.mincover.internal.gradient.StepGradient;
import dev.mincover.internal.pass.AxisAccumulators;
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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A tensor split by rows over workers that know nothing of each other but, after each step, the
 * maxima of the accumulators they share: those of all axes but the first. Equal bits to the whole
 * tensor on one worker, for SM3-II, whose accumulators after a step are maxima over weights.
 */
class ShardsTest {

  private static final int STEPS = 8;

  static Stream<Sm3> recipes() {
    Sm3 plain = Sm3.learningRate(0.1);
    Sm3 average = plain.secondMoment(SecondMoment.average(0.9));
    return Stream.of(
        plain,
        average,
        plain.momentum(Momentum.nesterov(0.9)).weightDecay(0.1),
        average.momentum(Momentum.average(0.9).stored(Momentum.Format.INT8)),
        average.cover(Cover.axes(1)),
        average.cover(Cover.whole()),
        average.cover(Cover.singletons()));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void rowShardsMergedByMaximumAreTheWholeTensor(Sm3 recipe) {
    List<Shape> shapes =
        List.of(Shape.of(7, 33), Shape.of(9, 4, 5), Shape.of(5, 3, 70), Shape.of(6, 2, 9, 9));
    for (Shape shape : shapes) {
      for (long seed = 1; seed <= 3; seed++) {
        Random random = new Random(seed);
        int rows = (int) shape.dimension(0);
        // Three workers, of which one may have all but two rows, or one alone.
        int first = 1 + random.nextInt(rows - 2);
        int second = first + 1 + random.nextInt(rows - first - 1);
        int width = (int) (shape.size() / rows);
        float[] initial = values(random, (int) shape.size());
        try (NativeMemory memory = new NativeMemory();
            Worker whole = new Worker(recipe, shape, 0, rows, initial, memory);
            Worker a = new Worker(recipe, shape, 0, first, initial, memory);
            Worker b = new Worker(recipe, shape, first, second, initial, memory);
            Worker c = new Worker(recipe, shape, second, rows, initial, memory)) {
          List<Worker> shards = List.of(a, b, c);
          for (int t = 1; t <= STEPS; t++) {
            // Steps 3, 4 and 6 have rows alone, and of some workers none.
            boolean sparse = t == 3 || t == 4 || t == 6;
            long[] touched =
                sparse ? random.longs(3, 0, rows).distinct().toArray() : new long[rows];
            float[] values = values(random, touched.length * width);
            for (Worker each : List.of(whole, a, b, c)) {
              each.step(sparse ? touched : null, values, t);
            }
            mergeByMaximum(shards);
            for (Worker shard : shards) {
              shard.assertPartOf(
                  whole, "%s of shape %s, seed %d, step %d".formatted(recipe, shape, seed, t));
            }
          }
        }
      }
    }
  }

  /** The one all-reduce that sharding by rows takes. */
  private static void mergeByMaximum(List<Worker> shards) {
    List<List<MemorySegment>> shared = shards.stream().map(Worker::shared).toList();
    for (int family = 0; family < shared.getFirst().size(); family++) {
      MemorySegment merged = shared.getFirst().get(family);
      for (List<MemorySegment> other : shared) {
        for (long i = 0; i < merged.byteSize() / Float.BYTES; i++) {
          float max =
              Math.max(
                  merged.getAtIndex(JAVA_FLOAT, i), other.get(family).getAtIndex(JAVA_FLOAT, i));
          merged.setAtIndex(JAVA_FLOAT, i, max);
        }
      }
      for (List<MemorySegment> other : shared) {
        other.get(family).copyFrom(merged);
      }
    }
  }

  /** That merging is needed, or the test above would prove nothing. */
  @Test
  void unmergedShardsGoTheirOwnWays() {
    Sm3 recipe = Sm3.learningRate(0.1);
    Shape shape = Shape.of(2, 2);
    float[] initial = new float[4];
    try (NativeMemory memory = new NativeMemory();
        Worker whole = new Worker(recipe, shape, 0, 2, initial, memory);
        Worker a = new Worker(recipe, shape, 0, 1, initial, memory)) {
      float[] g = {3, 1, 4, 5};
      for (Worker each : List.of(whole, a)) {
        each.step(null, g, 1);
        each.step(null, g, 2);
      }
      assertThat(Arrays.copyOf(whole.weights, 2)).isNotEqualTo(a.weights);
    }
  }

  /** Some rows of a tensor, with an optimizer of their own. */
  private static final class Worker implements AutoCloseable {
    final int from;
    final int to;
    final int width;
    final float[] weights;
    final Sm3Rule rule;
    final WorkerTeam team;
    final Step step;

    Worker(Sm3 recipe, Shape shape, int from, int to, float[] initial, NativeMemory memory) {
      this.from = from;
      this.to = to;
      width = initial.length / (int) shape.dimension(0);
      weights = Arrays.copyOfRange(initial, from * width, to * width);
      long[] dimensions = shape.dimensions();
      dimensions[0] = (long) to - from;
      Parameter parameter = Parameter.of("w", Shape.of(dimensions), MemorySegment.ofArray(weights));
      rule = Sm3Rule.of(parameter, recipe, memory);
      team = new WorkerTeam(1, memory);
      step = new Step(List.of(rule), team);
    }

    /**
     * Steps over the worker's part of a gradient.
     *
     * @param rows of the whole tensor, or null if it is dense
     */
    void step(long @Nullable [] rows, float[] values, int number) {
      StepGradient gradient;
      if (rows == null) {
        float[] own = Arrays.copyOfRange(values, from * width, to * width);
        gradient = rule.read(Gradient.dense(own));
      } else {
        List<Long> indices = new ArrayList<>();
        float[] own = new float[values.length];
        for (int k = 0; k < rows.length; k++) {
          if (rows[k] >= from && rows[k] < to) {
            System.arraycopy(values, k * width, own, indices.size() * width, width);
            indices.add(rows[k] - from);
          }
        }
        long[] ownRows = indices.stream().mapToLong(Long::longValue).toArray();
        gradient = rule.read(Gradient.rows(ownRows, Arrays.copyOf(own, ownRows.length * width)));
      }
      step.run(new StepGradient[] {gradient}, 0.1, number);
    }

    /** The accumulators that do not belong to the worker's rows. */
    List<MemorySegment> shared() {
      List<MemorySegment> shared = new ArrayList<>();
      for (AxisAccumulators family : rule.mu.leading) {
        if (!family.byIndex()) {
          shared.add(family.mu());
        }
      }
      for (AxisAccumulators family : rule.mu.columns) {
        shared.add(family.mu());
      }
      return shared;
    }

    void assertPartOf(Worker whole, String what) {
      float[] part = Arrays.copyOfRange(whole.weights, from * width, to * width);
      assertThat(Arrays.equals(weights, part)).as("weights of rows %d on, %s", from, what).isTrue();
      List<MemorySegment> own = shared();
      List<MemorySegment> expected = whole.shared();
      for (int f = 0; f < own.size(); f++) {
        assertThat(own.get(f).mismatch(expected.get(f))).as("shared mu, %s", what).isEqualTo(-1);
      }
      if (rule.mu.ownedByIndex()) {
        float[] all = whole.rule.accumulators()[0];
        int each = all.length / (whole.to - whole.from);
        float[] of = Arrays.copyOfRange(all, from * each, to * each);
        float[] first = rule.accumulators()[0];
        assertThat(Arrays.equals(first, of)).as("mu of rows %d on, %s", from, what).isTrue();
      }
    }

    @Override
    public void close() {
      team.close();
    }
  }

  private static float[] values(Random random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = random.nextInt(7) == 0 ? 0 : (float) random.nextGaussian();
    }
    return values;
  }
}
