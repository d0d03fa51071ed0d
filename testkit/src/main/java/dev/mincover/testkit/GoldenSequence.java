package dev.mincover.testkit;

import dev.mincover.recipe.Sm3;
import java.util.List;
import java.util.Optional;

/**
 * A short training run recorded from another implementation: initial weights, a gradient per step,
 * and the weights and accumulators that came out. Steps count from 1, and tensors are row-major;
 * arrays handed out are fresh copies. Where the numbers come from is told in {@code
 * golden/README.md}, next to the files.
 *
 * @param name unique among all sequences
 * @param shape lengths of the axes; none for a scalar
 * @param eta learning rate of every step
 * @param config what the recorded implementation computed, as a configuration of the oracle
 * @param initial the weights before step 1
 * @param gradients one for each step
 * @param steps what came out of each step
 */
public record GoldenSequence(
    String name,
    List<Integer> shape,
    double eta,
    ReferenceSm3.Config config,
    List<Double> initial,
    List<Gradient> gradients,
    List<Step> steps) {

  /**
   * A gradient as it was given: all of it, or some of its rows (slices of axis 0).
   *
   * @param rows indices of the rows, perhaps with repetitions, which add up; absent if dense
   * @param values the given rows one after another, or the whole tensor
   */
  public record Gradient(Optional<List<Integer>> rows, List<Double> values) {}

  /**
   * What was recorded after a step.
   *
   * @param weights the weights
   * @param mu accumulators in the order of the cover's sets
   * @param nu the statistic, one value per coordinate
   * @param momentum one value per coordinate
   */
  public record Step(
      List<Double> weights,
      Optional<List<Double>> mu,
      Optional<List<Double>> nu,
      Optional<List<Double>> momentum) {}

  /**
   * The authors' TensorFlow code on dense gradients, in float32: SM3-II over slices, with epsilon
   * 1e-30, for ranks 0 to 4. "Edge" sequences hold zero, tiny and huge gradients.
   */
  public static List<GoldenSequence> authors() {
    return GoldenFile.read("tf_reference.json");
  }

  /**
   * The authors' TensorFlow code on sparse gradients, in float32. That code keeps accumulators of
   * axis 0 alone for them and applies no momentum.
   */
  public static List<GoldenSequence> authorsSparse() {
    return GoldenFile.read("tf_reference_sparse.json");
  }

  /** SM3-I and SM3-II in float64, over slices and over five other covers, with every nu and mu. */
  public static List<GoldenSequence> paper() {
    return GoldenFile.read("paper_reference_float64.json");
  }

  /** Inputs of the tests that two implementations publish, with expected values in float64. */
  public static List<GoldenSequence> published() {
    return GoldenFile.read("published_test_cases.json");
  }

  /** First steps from small gradients under the epsilons of two implementations, in float32. */
  public static List<GoldenSequence> probes() {
    return GoldenFile.read("probes.json");
  }

  /** Returns the number of steps. */
  public int length() {
    return steps.size();
  }

  /** Returns the weights before step 1. */
  public double[] initialWeights() {
    return array(initial);
  }

  /** Returns whether the gradients were given as rows. */
  public boolean isSparse() {
    return gradients.stream().anyMatch(gradient -> gradient.rows().isPresent());
  }

  /** Returns the recipe that this run calls for; a cover that has a name goes by it. */
  public Sm3 recipe() {
    return OracleTerms.recipe(this);
  }

  /** Returns whether the cover is the default one, slices of codimension one. */
  public boolean coversSlices() {
    return config.cover().equals(ReferenceCover.slices(ints(shape)));
  }

  /**
   * Returns the whole gradient of step t. If it was given as rows, these are added up in double
   * precision and all others are 0.
   */
  public double[] gradient(int t) {
    Gradient gradient = gradients.get(t - 1);
    double[] values = array(gradient.values());
    if (gradient.rows().isEmpty()) {
      return values;
    }
    double[] dense = new double[initial.size()];
    int width = dense.length / shape.getFirst();
    int[] rows = rows(t);
    for (int k = 0; k < values.length; k++) {
      dense[rows[k / width] * width + k % width] += values[k];
    }
    return dense;
  }

  /**
   * Returns the row indices of the gradient of step t, perhaps with repetitions.
   *
   * @throws IllegalStateException if the gradients are dense
   */
  public int[] rows(int t) {
    return ints(
        gradients
            .get(t - 1)
            .rows()
            .orElseThrow(() -> new IllegalStateException(name + " is dense: use gradient(t)")));
  }

  /** Returns the gradient of step t as it was given: the rows one after another, or all of it. */
  public double[] givenGradient(int t) {
    return array(gradients.get(t - 1).values());
  }

  /** Returns the weights after step t. */
  public double[] weights(int t) {
    return array(steps.get(t - 1).weights());
  }

  /** Returns the accumulators after step t in the order of the cover's sets, if recorded. */
  public Optional<double[]> mu(int t) {
    return steps.get(t - 1).mu().map(GoldenSequence::array);
  }

  /** Returns the statistic nu of step t, one value per coordinate, if recorded. */
  public Optional<double[]> nu(int t) {
    return steps.get(t - 1).nu().map(GoldenSequence::array);
  }

  /** Returns the momentum after step t, one value per coordinate, if recorded. */
  public Optional<double[]> momentum(int t) {
    return steps.get(t - 1).momentum().map(GoldenSequence::array);
  }

  /** The name, so that parameterised tests read well. */
  @Override
  public String toString() {
    return name;
  }

  private static double[] array(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static int[] ints(List<Integer> values) {
    return values.stream().mapToInt(Integer::intValue).toArray();
  }
}
