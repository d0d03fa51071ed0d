package dev.mincover.lab.replay;

import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Shape;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;

/**
 * SM3-II with accumulators that never shrink ({@link Compatibility#KEEP_MAX}), in double precision
 * and without haste: it exists to recognise recordings of such implementations, not to train.
 *
 * <pre>
 *   nu(i) = beta2 * min of mu(r) over the sets r that hold i, plus (1 - beta2) * g(i)^2
 *   mu(r) = max(mu(r), max of nu(i) over the set r)
 * </pre>
 */
final class KeepMaxSm3 {

  private final Sm3 recipe;
  private final int[][] setsOf;
  private final double[] weights;
  private final double[] momentum;
  private final double[] mu;
  private final int width;
  private long steps;

  /** Starts from a recording's weights, accumulators of 0 and momentum of 0. */
  KeepMaxSm3(Recording recording) {
    recipe = recording.recipe();
    Shape shape = recording.shape();
    setsOf = setsOf(recipe.cover().of(recording.name()), shape);
    weights = new double[recording.initial().length];
    Arrays.setAll(weights, i -> recording.initial()[i]);
    momentum = new double[weights.length];
    mu = new double[1 + Arrays.stream(setsOf).flatMapToInt(Arrays::stream).max().orElse(0)];
    width = shape.rank() == 0 ? 1 : (int) (shape.size() / Math.max(1, shape.dimension(0)));
  }

  /** Takes a step and returns the weights after it, rounded to float32. */
  float[] step(Gradient gradient) {
    steps++;
    double[] g = dense(gradient);
    double beta = recipe.secondMoment().beta();
    double[] next = mu.clone();
    double eta = recipe.learningRate().at(steps);
    double decay = recipe.options().weightDecay().otherwise();
    for (int i = 0; i < weights.length; i++) {
      double least = Double.POSITIVE_INFINITY;
      for (int set : setsOf[i]) {
        least = Math.min(least, mu[set]);
      }
      double nu = beta == 1 ? least + g[i] * g[i] : beta * least + (1 - beta) * g[i] * g[i];
      for (int set : setsOf[i]) {
        next[set] = Math.max(next[set], nu);
      }
      double root = Math.sqrt(nu + recipe.epsilon());
      double direction = direction(i, root == 0 ? 0 : g[i] / root);
      weights[i] = weights[i] * (1 - eta * decay) - eta * direction;
    }
    System.arraycopy(next, 0, mu, 0, mu.length);
    float[] rounded = new float[weights.length];
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] = (float) weights[i];
    }
    return rounded;
  }

  private double direction(int i, double u) {
    double beta = recipe.momentum().beta();
    Momentum.Kind kind = recipe.momentum().kind();
    momentum[i] = beta * momentum[i] + (kind == Momentum.Kind.AVERAGE ? (1 - beta) * u : u);
    return kind == Momentum.Kind.NESTEROV ? u + beta * momentum[i] : momentum[i];
  }

  /** All values, zeros for rows that are not given; those given twice are summed. */
  private double[] dense(Gradient gradient) {
    float[] values = gradient.values().toArray(ValueLayout.JAVA_FLOAT);
    double[] dense = new double[weights.length];
    if (gradient instanceof Gradient.Rows rows) {
      for (int k = 0; k < rows.count(); k++) {
        for (int j = 0; j < width; j++) {
          dense[(int) rows.index(k) * width + j] += values[k * width + j];
        }
      }
    } else {
      Arrays.setAll(dense, i -> values[i]);
    }
    return dense;
  }

  /** By weight, the sets that hold it. */
  private static int[][] setsOf(Cover cover, Shape shape) {
    int size = (int) shape.size();
    return switch (cover) {
      case Cover.Whole _ -> filled(size, _ -> new int[] {0});
      case Cover.Singletons _ -> filled(size, i -> new int[] {i});
      case Cover.Slices _ when shape.rank() < 2 -> filled(size, i -> new int[] {i});
      case Cover.Axes _ when shape.rank() < 2 -> filled(size, i -> new int[] {i});
      case Cover.Slices _ -> slices(shape, allAxes(shape.rank()));
      case Cover.Axes axes -> slices(shape, axes.axes());
      case Cover.Sets sets -> explicit(size, sets);
    };
  }

  private static int[][] filled(int size, IntFunction<int[]> sets) {
    int[][] filled = new int[size][];
    Arrays.setAll(filled, sets);
    return filled;
  }

  private static List<Integer> allAxes(int rank) {
    List<Integer> axes = new ArrayList<>();
    for (int axis = 0; axis < rank; axis++) {
      axes.add(axis);
    }
    return axes;
  }

  private static int[][] slices(Shape shape, List<Integer> axes) {
    return filled(
        (int) shape.size(),
        i -> {
          int[] sets = new int[axes.size()];
          int offset = 0;
          for (int k = 0; k < sets.length; k++) {
            int axis = axes.get(k);
            long stride = 1;
            for (int later = axis + 1; later < shape.rank(); later++) {
              stride *= shape.dimension(later);
            }
            int length = (int) shape.dimension(axis);
            sets[k] = offset + (int) (i / stride % length);
            offset += length;
          }
          return sets;
        });
  }

  private static int[][] explicit(int size, Cover.Sets sets) {
    List<List<Integer>> holding = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      holding.add(new ArrayList<>());
    }
    for (int r = 0; r < sets.count(); r++) {
      for (long member : sets.set(r)) {
        holding.get((int) member).add(r);
      }
    }
    return filled(size, i -> holding.get(i).stream().mapToInt(Integer::intValue).toArray());
  }
}
