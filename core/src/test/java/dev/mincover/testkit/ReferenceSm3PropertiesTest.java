package dev.mincover.testkit;

import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_I;
import static dev.mincover.testkit.ReferenceSm3.Algorithm.SM3_II;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.testkit.ReferenceSm3.Algorithm;
import dev.mincover.testkit.ReferenceSm3.Config;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What holds for SM3 in general, on random runs whose seed a failure shows. Comparisons are exact:
 * rounding keeps order, so even bounds need no tolerance.
 */
class ReferenceSm3PropertiesTest {

  private static final double ETA = 0.1;

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void theStatisticsBoundTheSumOfSquaresInOrder(RandomRun run) {
    for (var cover : List.of(ReferenceCover.slices(run.lengths()), run.randomCover())) {
      var one = new ReferenceSm3(Config.of(SM3_I, cover), run.weights());
      var two = new ReferenceSm3(Config.of(SM3_II, cover), run.weights());
      double[] sum = new double[cover.size()];
      for (int t = 1; t <= run.length(); t++) {
        double[] g = run.gradient(t);
        Arrays.setAll(sum, i -> sum[i] + g[i] * g[i]);
        one.step(g, ETA);
        two.step(g, ETA);
        assertAtMost(sum, two.nu(), "sum of squares, SM3-II, step " + t);
        assertAtMost(two.nu(), one.nu(), "SM3-II, SM3-I, step " + t);
        assertAtMost(two.mu(), one.mu(), "accumulators of SM3-II, SM3-I, step " + t);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void sumsNeverShrink(RandomRun run) {
    for (var cover : List.of(ReferenceCover.slices(run.lengths()), run.randomCover())) {
      for (var algorithm : Algorithm.values()) {
        var sm3 = new ReferenceSm3(Config.of(algorithm, cover), run.weights());
        for (int t = 1; t <= run.length(); t++) {
          double[] mu = sm3.mu();
          double[] nu = sm3.nu();
          sm3.step(run.gradient(t), ETA);
          assertAtMost(mu, sm3.mu(), algorithm + " mu before and after step " + t);
          assertAtMost(nu, sm3.nu(), algorithm + " nu before and after step " + t);
        }
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void singletonsAreAdaGrad(RandomRun run) {
    for (var algorithm : Algorithm.values()) {
      double[] w = run.weights();
      double[] sum = new double[w.length];
      var cover = ReferenceCover.singletons(w.length);
      var sm3 = new ReferenceSm3(Config.of(algorithm, cover), run.weights());
      for (int t = 1; t <= run.length(); t++) {
        double[] g = run.gradient(t);
        for (int i = 0; i < w.length; i++) {
          sum[i] += g[i] * g[i];
          w[i] -= g[i] == 0 ? 0 : ETA * (g[i] / Math.sqrt(sum[i]));
        }
        sm3.step(g, ETA);
        assertThat(sm3.nu()).as("%s nu after step %d", algorithm, t).containsExactly(sum);
        assertThat(sm3.weights()).as("%s weights after step %d", algorithm, t).containsExactly(w);
      }
    }
  }

  /** AdaGrad-Norm, with the largest entry of a gradient as its norm. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void oneSetOfEverythingIsAdaGradNorm(RandomRun run) {
    double[] w = run.weights();
    var cover = ReferenceCover.whole(w.length);
    var one = new ReferenceSm3(Config.of(SM3_I, cover), run.weights());
    var two = new ReferenceSm3(Config.of(SM3_II, cover), run.weights());
    double sum = 0;
    for (int t = 1; t <= run.length(); t++) {
      double[] g = run.gradient(t);
      double before = sum;
      sum += Arrays.stream(g).map(x -> x * x).max().orElseThrow();
      for (int i = 0; i < w.length; i++) {
        w[i] -= sum == 0 ? 0 : ETA * (g[i] / Math.sqrt(sum));
      }
      one.step(g, ETA);
      two.step(g, ETA);
      assertThat(one.mu()).as("SM3-I after step %d", t).containsExactly(sum);
      assertThat(two.mu()).as("SM3-II after step %d", t).containsExactly(sum);
      assertThat(two.nu())
          .as("SM3-II nu of step %d: the old sum and the entry's own square", t)
          .containsExactly(Arrays.stream(g).map(x -> before + x * x).toArray());
      assertThat(one.weights()).as("SM3-I weights after step %d", t).containsExactly(w);
    }
  }

  /** Hence a sparse update of the touched rows alone is the dense update. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void untouchedRowsChangeNothing(RandomRun run) {
    int[] shape = run.lengths();
    var cover = ReferenceCover.slices(shape);
    var sm3 = new ReferenceSm3(Config.of(SM3_II, cover), run.weights());
    for (int t = 1; t <= run.length(); t++) {
      double[] g = run.gradient(t);
      double[] w = sm3.weights().clone();
      double[] mu = sm3.mu();
      updateTouchedRows(shape, w, mu, g);
      sm3.step(g, ETA);
      assertThat(sm3.mu()).as("mu after step %d", t).containsExactly(mu);
      assertThat(sm3.weights()).as("weights after step %d", t).containsExactly(w);
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("dev.mincover.testkit.RandomRun#ranks0To5")
  void anAverageScalesUntouchedRowsByExactlyBeta(RandomRun run) {
    double beta = 0.9;
    int[] shape = run.lengths();
    int rows = shape.length == 0 ? 1 : shape[0];
    int width = run.weights().length / rows;
    var config = Config.of(SM3_II, ReferenceCover.slices(shape)).withSecondMoment(beta);
    var sm3 = new ReferenceSm3(config, run.weights());
    for (int t = 1; t <= run.length(); t++) {
      double[] g = run.gradient(t);
      double[] before = sm3.mu();
      sm3.step(g, ETA);
      double[] after = sm3.mu();
      for (int row = 0; row < rows; row++) {
        if (isZero(g, row, width)) {
          assertThat(after[row]).as("row %d, step %d", row, t).isEqualTo(beta * before[row]);
        }
      }
    }
    double[] before = sm3.mu();
    sm3.step(new double[rows * width], ETA);
    assertThat(sm3.mu())
        .as("all accumulators after a zero gradient")
        .containsExactly(Arrays.stream(before).map(mu -> beta * mu).toArray());
  }

  /**
   * The sparse form of SM3-II over slices: visits only rows with a gradient, and takes a maximum
   * with the old accumulators of the other axes. Overwrites weights and accumulators.
   */
  private static void updateTouchedRows(int[] shape, double[] w, double[] mu, double[] g) {
    int rows = shape.length == 0 ? 1 : shape[0];
    int width = w.length / rows;
    double[] old = mu.clone();
    for (int row = 0; row < rows; row++) {
      if (isZero(g, row, width)) {
        continue;
      }
      mu[row] = 0;
      for (int i = row * width; i < (row + 1) * width; i++) {
        int[] accumulators = accumulatorsOf(i, shape);
        double min = Arrays.stream(accumulators).mapToDouble(r -> old[r]).min().orElseThrow();
        double nu = min + g[i] * g[i];
        for (int r : accumulators) {
          mu[r] = Math.max(mu[r], nu);
        }
        w[i] -= nu == 0 ? 0 : ETA * (g[i] / Math.sqrt(nu));
      }
    }
  }

  /** The accumulators of coordinate i, one per axis, found from its index along each axis. */
  private static int[] accumulatorsOf(int i, int[] shape) {
    if (shape.length < 2) {
      return new int[] {i};
    }
    int[] accumulators = new int[shape.length];
    int rest = i;
    int end = Arrays.stream(shape).sum();
    for (int axis = shape.length - 1; axis >= 0; axis--) {
      end -= shape[axis];
      accumulators[axis] = end + rest % shape[axis];
      rest /= shape[axis];
    }
    return accumulators;
  }

  private static boolean isZero(double[] g, int row, int width) {
    return Arrays.stream(g, row * width, (row + 1) * width).allMatch(x -> x == 0);
  }

  private static void assertAtMost(double[] lower, double[] upper, String what) {
    assertThat(lower).hasSameSizeAs(upper);
    for (int i = 0; i < lower.length; i++) {
      assertThat(lower[i]).as("%s, value %d", what, i).isLessThanOrEqualTo(upper[i]);
    }
  }
}
