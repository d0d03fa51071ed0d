package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.mincover.cover.Cover;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.SecondMoment;
import dev.mincover.recipe.Sm3;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tribuo.math.la.DenseSparseMatrix;
import org.tribuo.math.la.Tensor;

/** A sparse gradient has the bits of the dense gradient with zeros, and the cost of its entries. */
class SparseUpdatesTest {

  private static final int[][] SHAPES = {
    {1}, {40}, {1, 1}, {1, 50}, {31, 1}, {5, 33}, {20, 300}, {64, 3}
  };

  static Stream<Sm3> exact() {
    Sm3 plain = Sm3.learningRate(0.1);
    return Stream.of(
        plain,
        plain.epsilon(1e-3),
        plain.secondMoment(SecondMoment.average(0.9)),
        plain.secondMoment(SecondMoment.average(0.3)).epsilon(1e-8),
        plain.cover(Cover.singletons()),
        plain.cover(Cover.singletons()).secondMoment(SecondMoment.average(0.9)));
  }

  @ParameterizedTest
  @MethodSource("exact")
  void hasTheBitsOfTheDenseGradient(Sm3 recipe) {
    for (long seed = 1; seed <= 4; seed++) {
      for (int[] shape : SHAPES) {
        int size = Tensors.size(shape);
        Random random = new Random(seed);
        double[] initial = Tensors.random(random, size);
        Weights ofSparse = new Weights(Tensors.dense(initial, shape));
        Weights ofDense = new Weights(Tensors.dense(initial, shape));
        Sm3Optimiser sparse = Sm3Optimiser.of(recipe);
        Sm3Optimiser dense = Sm3Optimiser.of(recipe);
        sparse.initialise(ofSparse);
        dense.initialise(ofDense);
        for (int t = 1; t <= 30; t++) {
          // Now the same columns in all rows, as an outer product has, now any.
          boolean[] active = active(random, t % 2 == 0, shape);
          double[] gradient = Tensors.random(random, size);
          for (int k = 0; k < size; k++) {
            gradient[k] = active[k] ? gradient[k] : 0;
          }
          double weight = t % 3 == 0 ? 0.7 : 1;
          ofSparse.update(
              sparse.step(new Tensor[] {Tensors.sparse(gradient, active, shape)}, weight));
          ofDense.update(dense.step(new Tensor[] {Tensors.dense(gradient, shape)}, weight));
          String what = "%s of seed %d, step %d".formatted(Arrays.toString(shape), seed, t);
          Tensors.assertEqualBits(
              Tensors.values(ofSparse.get()[0]), Tensors.values(ofDense.get()[0]), what);
          Tensors.assertEqualBits(
              TribuoContractTest.flat(sparse.accumulators(0)),
              TribuoContractTest.flat(dense.accumulators(0)),
              "mu of " + what);
        }
      }
    }
  }

  private static boolean[] active(Random random, boolean outer, int... shape) {
    int columns = shape[shape.length - 1];
    boolean[] active = new boolean[Tensors.size(shape)];
    for (int k = 0; k < active.length; k++) {
      active[k] = (outer && k >= columns) ? active[k - columns] : random.nextInt(6) == 0;
    }
    return active;
  }

  @Test
  void denseAndSparseStepsMix() {
    Sm3 recipe = Sm3.learningRate(0.1);
    Sm3Optimiser mixed = Sm3Optimiser.of(recipe);
    Sm3Optimiser dense = Sm3Optimiser.of(recipe);
    mixed.initialise(new Weights(Tensors.dense(new double[60], 4, 15)));
    dense.initialise(new Weights(Tensors.dense(new double[60], 4, 15)));
    Random random = new Random(3);
    for (int t = 0; t < 40; t++) {
      boolean[] active = active(random, true, 4, 15);
      double[] gradient = Tensors.random(random, 60);
      for (int k = 0; k < 60; k++) {
        gradient[k] = active[k] ? gradient[k] : 0;
      }
      Tensor either =
          t % 3 == 0 ? Tensors.dense(gradient, 4, 15) : Tensors.sparse(gradient, active, 4, 15);
      Tensor[] ofMixed = mixed.step(new Tensor[] {either}, 1);
      Tensor[] ofDense = dense.step(new Tensor[] {Tensors.dense(gradient, 4, 15)}, 1);
      Tensors.assertEqualBits(Tensors.values(ofMixed[0]), Tensors.values(ofDense[0]), "step " + t);
    }
  }

  @Test
  void momentumOfInactiveEntriesWaits() {
    Sm3Optimiser optimiser = Sm3Optimiser.of(Sm3.learningRate(1).momentum(Momentum.heavyBall(0.5)));
    optimiser.initialise(new Weights(Tensors.dense(new double[2], 1, 2)));
    boolean[] first = {true, false};
    boolean[] second = {false, true};
    double[] ones = {1, 1};
    Tensor[] updates = optimiser.step(new Tensor[] {Tensors.sparse(ones, first, 1, 2)}, 1);
    assertThat(Tensors.values(updates[0])).containsExactly(1, 0);
    updates = optimiser.step(new Tensor[] {Tensors.sparse(ones, second, 1, 2)}, 1);
    assertThat(Tensors.values(updates[0])[0]).isZero();
    updates = optimiser.step(new Tensor[] {Tensors.sparse(new double[2], first, 1, 2)}, 1);
    // The momentum of 1 has neither faded nor moved the weight meanwhile.
    assertThat(Tensors.values(updates[0])).containsExactly(0.5, 0);
  }

  @Test
  void emptyGradientsOfFactorisationMachinesPass() {
    Sm3Optimiser optimiser = new Sm3Optimiser(1);
    optimiser.initialise(new Weights(Tensors.dense(new double[12], 3, 4)));
    Tensor[] updates = optimiser.step(new Tensor[] {new DenseSparseMatrix(3, 4)}, 1);
    assertThat(Tensors.values(updates[0])).containsOnly(0);
    assertThat(TribuoContractTest.flat(optimiser.accumulators(0))).containsOnly(0);
  }

  /** A table of a million columns; a step of ten entries allocates and keeps next to nothing. */
  @Test
  void costDependsOnTheActiveEntries() {
    int columns = 1_000_000;
    Sm3Optimiser optimiser = new Sm3Optimiser(0.1);
    optimiser.initialise(new Weights(Tensors.dense(new double[2 * columns], 2, columns)));
    assertThat(optimiser.stateBytes()).isEqualTo(8L * (2 + columns));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long most = 0;
    for (int t = 0; t < 20; t++) {
      boolean[] active = new boolean[2 * columns];
      double[] gradient = new double[2 * columns];
      for (int k = 0; k < 5; k++) {
        active[k * 1000 + t] = true;
        active[columns + k * 1000 + t] = true;
        gradient[k * 1000 + t] = 1;
      }
      Tensor[] gradients = {Tensors.sparse(gradient, active, 2, columns)};
      long before = threads.getCurrentThreadAllocatedBytes();
      var _ = optimiser.step(gradients, 1);
      most = Math.max(most, threads.getCurrentThreadAllocatedBytes() - before);
    }
    assertThat(most).isLessThan(100_000);
    assertThat(optimiser.scratchBytes()).isEqualTo(20 * 10 + 4 * 2);
  }
}
