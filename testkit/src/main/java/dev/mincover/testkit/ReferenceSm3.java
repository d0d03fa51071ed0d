package dev.mincover.testkit;

import java.util.ArrayList;
import java.util.List;

/**
 * SM3 as the paper writes it (arXiv:1901.11150, section 3), in double precision, over any cover:
 * the oracle that fast implementations are compared with. It is slow and holds one value of
 * everything per coordinate.
 *
 * <pre>
 * SM3-I    mu_t(r) = mu_{t-1}(r) + max_{j in S_r} g_t(j)^2
 *          nu_t(i) = min_{r : i in S_r} mu_t(r)
 * SM3-II   nu_t(i) = min_{r : i in S_r} mu_{t-1}(r) + g_t(i)^2
 *          mu_t(r) = max_{i in S_r} nu_t(i)
 * both     w_{t+1}(i) = w_t(i) - eta_t g_t(i) / sqrt(nu_t(i)),  where 0/0 = 0
 * </pre>
 *
 * <p>The paper's momentum averages the updates u = g / sqrt(nu). The rest of {@link Config} goes
 * beyond the paper and does nothing by default.
 */
public final class ReferenceSm3 {

  /** Which of the paper's two algorithms computes the accumulators. */
  public enum Algorithm {
    /** Sums the largest squared gradients of every set. */
    SM3_I,
    /** Never a larger statistic than {@link #SM3_I}, and what the authors' code and others run. */
    SM3_II
  }

  /** How updates u_t become the step that is taken, with b the momentum. */
  public enum MomentumKind {
    /** {@code m = b m + (1 - b) u, w -= eta m}: the authors' moving average. */
    AVERAGE,
    /** {@code m = b m + u, w -= eta m}. */
    HEAVY_BALL,
    /** {@code m = b m + u, w -= eta (u + b m)}. */
    NESTEROV
  }

  /**
   * What the oracle computes.
   *
   * @param algorithm which of the paper's algorithms
   * @param cover index sets over the coordinates of the weights
   * @param momentum b in [0, 1); 0 means none
   * @param momentumKind how the momentum is applied
   * @param secondMoment beta in (0, 1]. Below 1 squared gradients are averaged, not summed: an old
   *     statistic enters times beta, a squared gradient times 1 - beta. 1 is the paper's sum.
   * @param epsilon at least 0. Above 0 the update is {@code g / sqrt(nu + epsilon)}; 0 is the
   *     paper's rule, in which nu = 0 gives 0.
   * @param weightDecay at least 0; decoupled: weights are multiplied by {@code 1 - eta *
   *     weightDecay}
   */
  public record Config(
      Algorithm algorithm,
      ReferenceCover cover,
      double momentum,
      MomentumKind momentumKind,
      double secondMoment,
      double epsilon,
      double weightDecay) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value is outside its range or not a number
     */
    public Config {
      check(momentum >= 0 && momentum < 1, "momentum", momentum, "use [0, 1), 0 for none");
      check(
          secondMoment > 0 && secondMoment <= 1,
          "secondMoment",
          secondMoment,
          "use (0, 1], 1 to sum");
      check(
          epsilon >= 0 && epsilon < Double.POSITIVE_INFINITY,
          "epsilon",
          epsilon,
          "use a finite value of at least 0, 0 for the paper's rule");
      check(
          weightDecay >= 0 && weightDecay < Double.POSITIVE_INFINITY,
          "weightDecay",
          weightDecay,
          "use a finite value of at least 0, 0 for none");
    }

    /** The algorithm alone: no momentum, summed squares, no epsilon and no weight decay. */
    public static Config of(Algorithm algorithm, ReferenceCover cover) {
      return new Config(algorithm, cover, 0, MomentumKind.AVERAGE, 1, 0, 0);
    }

    /** This configuration with momentum b of the given kind. */
    public Config withMomentum(double b, MomentumKind kind) {
      return new Config(algorithm, cover, b, kind, secondMoment, epsilon, weightDecay);
    }

    /** This configuration with another {@link #secondMoment}. */
    public Config withSecondMoment(double beta) {
      return new Config(algorithm, cover, momentum, momentumKind, beta, epsilon, weightDecay);
    }

    /** This configuration with another {@link #epsilon}. */
    public Config withEpsilon(double value) {
      return new Config(algorithm, cover, momentum, momentumKind, secondMoment, value, weightDecay);
    }

    /** This configuration with another {@link #weightDecay}. */
    public Config withWeightDecay(double decay) {
      return new Config(algorithm, cover, momentum, momentumKind, secondMoment, epsilon, decay);
    }
  }

  private final Config config;
  private final List<List<Integer>> sets;
  private final List<List<Integer>> setsContaining;
  private final double[] weights;
  private final double[] mu;
  private final double[] nu;
  private final double[] momentum;

  /**
   * Starts from accumulators and momentum of 0.
   *
   * @param config what to compute
   * @param weights row-major weights, as many as the cover has coordinates; every step overwrites
   *     them
   * @throws IllegalArgumentException if there are more or fewer weights than coordinates
   */
  public ReferenceSm3(Config config, double[] weights) {
    int size = config.cover().size();
    checkLength("weights", weights, size);
    this.config = config;
    this.sets = config.cover().sets();
    this.setsContaining = setsContaining(config.cover());
    this.weights = weights;
    this.mu = new double[sets.size()];
    this.nu = new double[size];
    this.momentum = new double[size];
  }

  /**
   * Takes one step, overwriting the weights.
   *
   * @param gradient row-major gradient of the loss at the current weights, finite; not changed
   * @param eta learning rate of this step, finite and at least 0
   * @throws IllegalArgumentException if the gradient's length is not that of the weights, or if it
   *     or the learning rate is out of range; nothing has changed then
   */
  public void step(double[] gradient, double eta) {
    checkLength("gradient", gradient, weights.length);
    for (int i = 0; i < gradient.length; i++) {
      check(
          Double.isFinite(gradient[i]),
          "gradient[" + i + "]",
          gradient[i],
          "skip this step, no update is defined");
    }
    check(
        eta >= 0 && eta < Double.POSITIVE_INFINITY, "eta", eta, "use a finite value of at least 0");

    switch (config.algorithm()) {
      case SM3_I -> accumulateSm3I(gradient);
      case SM3_II -> accumulateSm3II(gradient);
    }
    for (int i = 0; i < weights.length; i++) {
      double u = update(gradient[i], nu[i]);
      weights[i] = weights[i] * (1 - eta * config.weightDecay()) - eta * direction(i, u);
    }
  }

  /** Returns the row-major weights: the very array that was given, changed by every step. */
  public double[] weights() {
    return weights;
  }

  /** Returns a copy of the accumulators, one per set, in the order of the cover's sets. */
  public double[] mu() {
    return mu.clone();
  }

  /** Returns a copy of the last step's statistic, one per coordinate; 0 before the first step. */
  public double[] nu() {
    return nu.clone();
  }

  /** Returns a copy of the momentum m, one per coordinate; without momentum, the last update u. */
  public double[] momentum() {
    return momentum.clone();
  }

  private void accumulateSm3I(double[] g) {
    for (int r = 0; r < mu.length; r++) {
      double max = 0;
      for (int j : sets.get(r)) {
        max = Math.max(max, g[j] * g[j]);
      }
      mu[r] = accumulate(mu[r], max);
    }
    for (int i = 0; i < nu.length; i++) {
      nu[i] = minMu(i);
    }
  }

  private void accumulateSm3II(double[] g) {
    for (int i = 0; i < nu.length; i++) {
      nu[i] = accumulate(minMu(i), g[i] * g[i]);
    }
    for (int r = 0; r < mu.length; r++) {
      // Without the old mu(r): with sums the new one is never smaller, and an average must decay.
      double max = 0;
      for (int i : sets.get(r)) {
        max = Math.max(max, nu[i]);
      }
      mu[r] = max;
    }
  }

  private double minMu(int i) {
    double min = Double.POSITIVE_INFINITY;
    for (int r : setsContaining.get(i)) {
      min = Math.min(min, mu[r]);
    }
    return min;
  }

  private double accumulate(double old, double square) {
    double beta = config.secondMoment();
    return beta == 1 ? old + square : beta * old + (1 - beta) * square;
  }

  private double update(double g, double nu) {
    if (config.epsilon() > 0) {
      return g / Math.sqrt(nu + config.epsilon());
    }
    return nu == 0 ? 0 : g / Math.sqrt(nu);
  }

  /** Brings the momentum of coordinate i up to date and returns what eta multiplies. */
  private double direction(int i, double u) {
    double b = config.momentum();
    boolean average = config.momentumKind() == MomentumKind.AVERAGE;
    double m = b * momentum[i] + (average ? (1 - b) * u : u);
    momentum[i] = m;
    return config.momentumKind() == MomentumKind.NESTEROV ? u + b * m : m;
  }

  /** For every coordinate, which sets hold it. */
  private static List<List<Integer>> setsContaining(ReferenceCover cover) {
    List<List<Integer>> containing = new ArrayList<>();
    for (int i = 0; i < cover.size(); i++) {
      containing.add(new ArrayList<>());
    }
    for (int r = 0; r < cover.sets().size(); r++) {
      for (int i : cover.sets().get(r)) {
        containing.get(i).add(r);
      }
    }
    return containing;
  }

  private static void checkLength(String name, double[] values, int size) {
    if (values.length != size) {
      throw new IllegalArgumentException(
          "%s has %d values: the cover has %d coordinates, give one value for each"
              .formatted(name, values.length, size));
    }
  }

  private static void check(boolean valid, String name, double value, String remedy) {
    if (!valid) {
      throw new IllegalArgumentException(name + " is " + value + ": " + remedy);
    }
  }
}
