package dev.mincover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.mincover.recipe.Adam;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdamTest {

  /** Algorithm 1 of the paper in double, decay decoupled. */
  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1})
  void agreesWithThePaper(double decay) {
    Random random = new Random(3);
    int n = 300;
    float[] w = new float[n];
    double[] expected = new double[n];
    double[] m = new double[n];
    double[] v = new double[n];
    for (int i = 0; i < n; i++) {
      w[i] = (float) random.nextGaussian();
      expected[i] = w[i];
    }
    Adam recipe = Adam.learningRate(0.01).betas(0.8, 0.95).epsilon(1e-6).weightDecay(decay);
    try (var bound = Optimizer.bind(recipe, List.of(Parameter.of("w", w, 3, 100)))) {
      assertThat(bound.stateBytes("w")).isEqualTo(8L * n);
      for (int t = 1; t <= 30; t++) {
        float[] g = new float[n];
        for (int i = 0; i < n; i++) {
          g[i] = random.nextInt(4) == 0 ? 0 : (float) random.nextGaussian();
          m[i] = 0.8 * m[i] + 0.2 * g[i];
          v[i] = 0.95 * v[i] + 0.05 * g[i] * g[i];
          double mHat = m[i] / (1 - Math.pow(0.8, t));
          double vHat = v[i] / (1 - Math.pow(0.95, t));
          expected[i] *= 1 - 0.01 * decay;
          expected[i] -= 0.01 * mHat / (Math.sqrt(vHat) + 1e-6);
        }
        bound.step(Map.of("w", Gradient.dense(g)));
        for (int i = 0; i < n; i++) {
          assertThat((double) w[i]).as("step %d, %d", t, i).isCloseTo(expected[i], within(5e-6));
        }
      }
    }
  }

  @Test
  void zeroGradientsWithoutEpsilonMoveNothing() {
    float[] w = {1};
    try (var bound =
        Optimizer.bind(Adam.learningRate(0.1).epsilon(0), List.of(Parameter.of("w", w)))) {
      bound.step(Map.of("w", Gradient.dense(new float[1])));
      assertThat(w).containsExactly(1);
    }
  }
}
