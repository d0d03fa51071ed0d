package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDModel;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.LinearParameters;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.la.DenseMatrix;
import org.tribuo.math.la.DenseSparseMatrix;
import org.tribuo.math.la.Tensor;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.math.optimisers.Adam;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** What Tribuo 4.3.2 does that the adapter relies on or works around. A failure is a new Tribuo. */
class TribuoTrapsTest {

  /** Equal examples of "a", and one of "b" with another feature and a weight of 0. */
  private static MutableDataset<Label> equalExamples(int count) {
    LabelFactory factory = new LabelFactory();
    MutableDataset<Label> data =
        new MutableDataset<>(
            new SimpleDataSourceProvenance(
                "equal", OffsetDateTime.of(2026, 12, 1, 0, 0, 0, 0, ZoneOffset.UTC), factory),
            factory);
    for (int i = 0; i < count; i++) {
      data.add(new ArrayExample<>(new Label("a"), new String[] {"x"}, new double[] {1}));
    }
    Example<Label> other = new ArrayExample<>(new Label("b"), new String[] {"y"}, new double[] {1});
    other.setWeight(0);
    data.add(other);
    return data;
  }

  private static Recorder record(int count, int minibatch, StochasticGradientOptimiser inner) {
    Recorder recorder = new Recorder(inner);
    LinearSGDTrainer trainer =
        new LinearSGDTrainer(new LogMulticlass(), recorder, 1, -1, minibatch, 1);
    trainer.setShuffle(false);
    var _ = trainer.train(equalExamples(count));
    return recorder;
  }

  @Test
  void trainersWorkOnACopyAndResetIt() {
    Sm3Optimiser optimiser = new Sm3Optimiser(0.1);
    assertThat(record(4, 1, optimiser).calls)
        .containsExactly("copy", "initialise", "step", "finalise", "reset");
    assertThat(optimiser.stateBytes()).isZero();
  }

  /**
   * Four equal examples give 16 times the gradient of one: their sum, times the minibatch's size.
   */
  @Test
  void minibatchesAreSummedAndMultipliedByTheirSize() {
    double one = Tensors.values(gradient(record(4, 1, new AdaGrad(0.1)), 0))[0];
    double four = Tensors.values(gradient(record(4, 4, new AdaGrad(0.1)), 0))[0];
    assertThat(one).isNotZero();
    assertThat(four).isCloseTo(16 * one, within(1e-12));
  }

  /** The rest of an epoch is multiplied by the full size, and has the weight of its share. */
  @Test
  void theLastMinibatchCountsByTheSquareOfItsShare() {
    Recorder recorder = record(6, 4, new AdaGrad(1e-9)); // So slow that the gradient stays.
    assertThat(recorder.steps).hasSize(2);
    assertThat(recorder.steps.get(0).weight()).isEqualTo(1);
    // Two of "a", and "b" whose weight is 0, in a minibatch of 4.
    assertThat(recorder.steps.get(1).weight()).isEqualTo(0.5);
    double full = Tensors.values(gradient(recorder, 0))[0];
    double rest = Tensors.values(gradient(recorder, 1))[0];
    assertThat(rest).isCloseTo(full / 2, within(1e-6));
  }

  private static Tensor gradient(Recorder recorder, int step) {
    return recorder.steps.get(step).gradients().getFirst();
  }

  /** What SM3 makes of it: the first step is the learning rate, whatever the minibatch is. */
  @Test
  void theScaleOfMinibatchesDoesNotReachSm3() {
    double[] expected = weights(1, 1);
    assertThat(expected[0]).isEqualTo(0.1); // Label "a", feature "x".
    for (int minibatch : new int[] {2, 4, 8}) {
      Tensors.assertEqualBits(weights(minibatch, minibatch), expected, "minibatch " + minibatch);
    }
  }

  /** After one step over {@code count} equal examples; the last minibatch is that of "b" alone. */
  private static double[] weights(int count, int minibatch) {
    LinearSGDTrainer trainer =
        new LinearSGDTrainer(new LogMulticlass(), new Sm3Optimiser(0.1), 1, -1, minibatch, 1);
    trainer.setShuffle(false);
    LinearSGDModel model = trainer.train(equalExamples(count));
    return Tensors.values(model.getWeightsCopy());
  }

  @Test
  void sparseGradientsHaveAllRowsAndActiveColumns() {
    DenseSparseMatrix gradient = (DenseSparseMatrix) gradient(record(4, 1, new AdaGrad(0.1)), 0);
    assertThat(gradient.getShape()).containsExactly(2, 3); // Two labels; x, y and the bias.
    assertThat(gradient.getRow(0).numActiveElements()).isEqualTo(2);
    assertThat(gradient.getRow(1).numActiveElements()).isEqualTo(2);
  }

  @Test
  void rowsAreViews() {
    DenseMatrix dense = new DenseMatrix(2, 3);
    dense.getRow(1).set(2, 7);
    assertThat(dense.get(1, 2)).isEqualTo(7);
    boolean[] active = {true, false, true, true};
    Tensor sparse = Tensors.sparse(new double[] {1, 0, 3, 4}, active, 2, 2);
    ((DenseSparseMatrix) sparse).getRow(1).foreachInPlace(value -> 2 * value);
    assertThat(Tensors.values(sparse)).containsExactly(1, 0, 6, 8);
  }

  @Test
  void copiesOfAdaGradLoseItsInitialValue() {
    AdaGrad original = new AdaGrad(0.1, 1e-6, 5);
    assertThat(original.copy().getProvenance()).isNotEqualTo(original.getProvenance());
  }

  /** Its merging reads the bias's gradient for every tensor: minibatches of sparse features end. */
  @Test
  void factorisationMachinesTakeNoMinibatches() {
    FMClassificationTrainer trainer =
        new FMClassificationTrainer(
            new LogMulticlass(), new Sm3Optimiser(0.1), 1, -1, 2, 1, 3, 0.1);
    assertThatThrownBy(() -> trainer.train(equalExamples(4)))
        .isInstanceOf(ClassCastException.class);
  }

  /** A first step of Adam is the learning rate, whatever the gradient is. Not here. */
  @Test
  void adamMultipliesWhereItShouldDivide() {
    double[] updates = new double[2];
    for (int i = 0; i < 2; i++) {
      Adam adam = new Adam(0.1, 1e-8);
      adam.initialise(new LinearParameters(1, 1));
      Tensor gradient = Tensors.dense(new double[] {i == 0 ? 1 : 10}, 1, 1);
      updates[i] = Tensors.values(adam.step(new Tensor[] {gradient}, 1)[0])[0];
    }
    assertThat(updates[1] / updates[0]).isCloseTo(100, within(1e-3));
  }
}
