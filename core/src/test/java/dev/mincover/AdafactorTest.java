package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Adafactor;
import dev.mincover.recipe.Momentum;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import dev.mincover.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class AdafactorTest {

  static Stream<Arguments> runs() {
    return Stream.of(
            Adafactor.relativeStep(),
            Adafactor.relativeStep(_ -> 0.01).momentum(Momentum.average(0.9)),
            Adafactor.learningRate(0.01).weightDecay(0.1),
            Adafactor.learningRate(0.01).momentum(Momentum.nesterov(0.5)),
            Adafactor.relativeStep(_ -> 0.1)
                .decayExponent(0.5)
                .epsilons(1e-3, 5)
                .clippingThreshold(0.7))
        .flatMap(recipe ->
            Stream.of(
                    new long[] {},
                    new long[] {7},
                    new long[] {4, 5},
                    new long[] {30, 2100},
                    new long[] {3, 4, 5},
                    new long[] {2, 3, 4, 3})
                .map(shape -> Arguments.of(recipe, shape)));
  }

  @ParameterizedTest
  @MethodSource("runs")
  void agreesWithThePaper(Adafactor recipe, long[] shape) {
    Random random = new Random(6);
    int size = (int) Shape.of(shape).size();
    float[] w = new float[size];
    for (int i = 0; i < size; i++) {
      w[i] = (float) random.nextGaussian();
    }
    Reference reference = new Reference(recipe, shape, w);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, shape)), 2)) {
      for (int t = 1; t <= 8; t++) {
        float[] g = new float[size];
        for (int i = 0; i < size; i++) {
          // A spike at the end of the run makes update clipping bite.
          g[i] = (float) random.nextGaussian() * (t == 8 ? 30 : 1);
        }
        reference.step(g, t);
        bound.step(Map.of("w", Gradient.dense(g)));
        for (int i = 0; i < size; i++) {
          assertThat((double) w[i])
              .as("step %d, weight %d", t, i)
              .isCloseTo(reference.w[i], within(1e-5));
        }
      }
    }
  }

  @Test
  void stateIsRowsAndColumnsOfTheLastTwoAxes() {
    Adafactor recipe = Adafactor.relativeStep();
    try (var bound =
            Optimizer.bind(
                recipe,
                List.of(
                    Parameter.of("matrix", new float[100 * 30], 100, 30),
                    Parameter.of("tensor", new float[2 * 3 * 4], 2, 3, 4),
                    Parameter.of("vector", new float[9], 9),
                    Parameter.of("empty", new float[0], 3, 0)));
        var heavy =
            Optimizer.bind(
                recipe.momentum(Momentum.average(0.9)),
                List.of(Parameter.of("matrix", new float[100 * 30], 100, 30)))) {
      assertThat(bound.stateBytes("matrix")).isEqualTo(4 * 130);
      assertThat(bound.stateBytes("tensor")).isEqualTo(4 * 2 * (3 + 4));
      assertThat(bound.stateBytes("vector")).isEqualTo(4 * 9);
      assertThat(heavy.stateBytes("matrix")).isEqualTo(4 * (130 + 3000));
      bound.step(Map.of("empty", Gradient.dense(new float[0])));
    }
  }

  @Test
  void aThresholdThatStopsAllUpdatesStillDecays() {
    float[] w = {1, 1};
    Adafactor recipe = Adafactor.learningRate(0.1).weightDecay(0.5).clippingThreshold(1e-46);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 2)))) {
      bound.step(Map.of("w", Gradient.dense(new float[] {1, 1})));
      assertThat(w).containsExactly(0.95f, 0.95f);
    }
  }

  @Test
  void badRecipesAreRefused() {
    Adafactor recipe = Adafactor.relativeStep();
    assertThatThrownBy(() -> recipe.decayExponent(0)).hasMessageContaining("decayExponent is 0.0");
    assertThatThrownBy(() -> recipe.decayExponent(1.1)).hasMessageContaining("at most 1");
    assertThatThrownBy(() -> recipe.epsilons(0, 1)).hasMessageContaining("epsilon1 is 0.0");
    assertThatThrownBy(() -> recipe.epsilons(1, -1)).hasMessageContaining("epsilon2 is -1.0");
    assertThatThrownBy(() -> recipe.clippingThreshold(0))
        .hasMessageContaining("clippingThreshold is 0.0");
  }

  /** Algorithms 4 and 5 of the paper in double, with the momentum of {@link Momentum}. */
  private static final class Reference {
    final Adafactor recipe;
    final int columns;
    final int rows;
    final boolean factored;
    final double[] w;
    final double[] r;
    final double[] c;
    final double[] v;
    final double[] m;

    Reference(Adafactor recipe, long[] shape, float[] w) {
      this.recipe = recipe;
      factored = shape.length >= 2;
      columns = factored ? (int) shape[shape.length - 1] : w.length;
      rows = factored ? (int) shape[shape.length - 2] : 1;
      this.w = new double[w.length];
      for (int i = 0; i < w.length; i++) {
        this.w[i] = w[i];
      }
      r = new double[w.length / columns];
      c = new double[w.length / rows];
      v = new double[w.length];
      m = new double[w.length];
    }

    void step(float[] g, int t) {
      double beta = 1 - Math.pow(t, -recipe.decayExponent());
      double[] u = new double[w.length];
      int matrix = rows * columns;
      for (int first = 0; first < w.length; first += matrix) {
        if (factored) {
          factor(g, first, beta);
        }
        double meanRow = 0;
        for (int i = 0; i < rows; i++) {
          meanRow += r[first / columns + i] / rows;
        }
        for (int k = first; k < first + matrix; k++) {
          double estimate;
          if (factored) {
            estimate = r[k / columns] * c[first / rows + k % columns] / meanRow;
          } else {
            v[k] = beta * v[k] + (1 - beta) * ((double) g[k] * g[k] + recipe.epsilon1());
            estimate = v[k];
          }
          u[k] = g[k] / Math.sqrt(estimate);
        }
      }
      double shrink = Math.max(1, rms(u) / recipe.clippingThreshold());
      double eta = recipe.learningRate().at(t);
      double alpha = recipe.relative() ? eta * Math.max(recipe.epsilon2(), rms(w)) : eta;
      double b = recipe.momentum().beta();
      boolean average = recipe.momentum().kind() == Momentum.Kind.AVERAGE;
      for (int k = 0; k < w.length; k++) {
        double uk = u[k] / shrink;
        m[k] = b * m[k] + (average ? 1 - b : 1) * uk;
        double direction =
            recipe.momentum().kind() == Momentum.Kind.NESTEROV ? uk + b * m[k] : m[k];
        w[k] = w[k] * (1 - alpha * recipe.options().weightDecay().of("w")) - alpha * direction;
      }
    }

    private void factor(float[] g, int first, double beta) {
      for (int i = 0; i < rows; i++) {
        double sum = 0;
        for (int j = 0; j < columns; j++) {
          double value = g[first + i * columns + j];
          sum += value * value + recipe.epsilon1();
        }
        int row = first / columns + i;
        r[row] = beta * r[row] + (1 - beta) * sum / columns;
      }
      for (int j = 0; j < columns; j++) {
        double sum = 0;
        for (int i = 0; i < rows; i++) {
          double value = g[first + i * columns + j];
          sum += value * value + recipe.epsilon1();
        }
        int column = first / rows + j;
        c[column] = beta * c[column] + (1 - beta) * sum / rows;
      }
    }

    private static double rms(double[] values) {
      double sum = 0;
      for (double value : values) {
        sum += value * value;
      }
      return Math.sqrt(sum / values.length);
    }
  }
}
