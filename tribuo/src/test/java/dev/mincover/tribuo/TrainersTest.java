package dev.mincover.tribuo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Output;
import org.tribuo.OutputFactory;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDModel;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.impl.ArrayExample;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.optimisers.ParameterAveraging;
import org.tribuo.multilabel.MultiLabel;
import org.tribuo.multilabel.MultiLabelFactory;
import org.tribuo.multilabel.evaluation.MultiLabelEvaluator;
import org.tribuo.multilabel.sgd.objectives.BinaryCrossEntropy;
import org.tribuo.provenance.SimpleDataSourceProvenance;
import org.tribuo.regression.RegressionFactory;
import org.tribuo.regression.Regressor;
import org.tribuo.regression.evaluation.RegressionEvaluator;
import org.tribuo.regression.sgd.fm.FMRegressionTrainer;
import org.tribuo.regression.sgd.objectives.SquaredLoss;

/** Tribuo's own trainers learn with SM3. */
class TrainersTest {

  private static final Dataset<Label> TRAINING = Documents.of(600, 4, 400, 40, 1);

  static Stream<StochasticGradientOptimiser> optimisers() {
    Sm3 recipe = Sm3.learningRate(0.1);
    return Stream.of(
        Sm3Optimiser.of(recipe),
        Sm3Optimiser.of(recipe.momentum(Momentum.average(0.5))),
        new ParameterAveraging(Sm3Optimiser.of(recipe)));
  }

  private static double accuracy(Model<Label> model) {
    return new LabelEvaluator().evaluate(model, Documents.of(400, 4, 400, 40, 2)).accuracy();
  }

  @ParameterizedTest
  @MethodSource("optimisers")
  void linearClassification(StochasticGradientOptimiser optimiser) {
    for (int minibatch : new int[] {1, 7}) {
      LinearSGDTrainer trainer =
          new LinearSGDTrainer(new LogMulticlass(), optimiser, 3, -1, minibatch, 1);
      Model<Label> model = trainer.train(TRAINING);
      assertThat(accuracy(model)).isGreaterThan(0.8);
      assertThat(model.getProvenance().getTrainerProvenance().toString())
          .contains("Sm3Optimiser", "learningRate", "secondMoment");
    }
  }

  @ParameterizedTest
  @MethodSource("optimisers")
  void factorisationMachineForClassification(StochasticGradientOptimiser optimiser) {
    Model<Label> model =
        new FMClassificationTrainer(new LogMulticlass(), optimiser, 3, -1, 1, 1, 5, 0.1)
            .train(TRAINING);
    assertThat(accuracy(model)).isGreaterThan(0.8);
  }

  @Test
  void trainingsRepeatToTheBit() {
    LinearSGDTrainer trainer =
        new LinearSGDTrainer(new LogMulticlass(), new Sm3Optimiser(0.1), 2, -1, 1, 1);
    LinearSGDModel first = trainer.train(TRAINING);
    trainer.setInvocationCount(0);
    LinearSGDModel second = trainer.train(TRAINING);
    Tensors.assertEqualBits(
        Tensors.values(second.getWeightsCopy()), Tensors.values(first.getWeightsCopy()), "weights");
  }

  /** All features in each example: gradients are dense. */
  @Test
  void denseFeatures() {
    MutableDataset<Label> data = dataset(new LabelFactory());
    Random random = new Random(1);
    for (int i = 0; i < 300; i++) {
      double[] x = {random.nextGaussian(), random.nextGaussian(), random.nextGaussian()};
      data.add(
          new ArrayExample<>(
              new Label(x[0] + x[1] > x[2] ? "yes" : "no"), new String[] {"x", "y", "z"}, x));
    }
    Model<Label> model =
        new LinearSGDTrainer(new LogMulticlass(), new Sm3Optimiser(0.3), 5, -1, 1, 1).train(data);
    assertThat(new LabelEvaluator().evaluate(model, data).accuracy()).isGreaterThan(0.95);
  }

  @Test
  void regression() {
    MutableDataset<Regressor> data = dataset(new RegressionFactory());
    Random random = new Random(1);
    for (int i = 0; i < 500; i++) {
      double x = random.nextGaussian();
      double y = random.nextGaussian();
      data.add(
          new ArrayExample<>(
              new Regressor("out", 2 * x - y + 1), new String[] {"x", "y"}, new double[] {x, y}));
    }
    Model<Regressor> linear =
        new org.tribuo.regression.sgd.linear.LinearSGDTrainer(
                new SquaredLoss(), new Sm3Optimiser(0.5), 10, 1)
            .train(data);
    Model<Regressor> factorised =
        new FMRegressionTrainer(
                new SquaredLoss(), new Sm3Optimiser(0.5), 10, -1, 1, 1, 2, 0.1, false)
            .train(data);
    for (Model<Regressor> model : List.of(linear, factorised)) {
      double r2 = new RegressionEvaluator().evaluate(model, data).averageR2();
      assertThat(r2).isGreaterThan(0.95);
    }
  }

  @Test
  void severalLabels() {
    MutableDataset<MultiLabel> data = dataset(new MultiLabelFactory());
    Random random = new Random(1);
    for (int i = 0; i < 400; i++) {
      int first = random.nextInt(6);
      int second = random.nextInt(6);
      data.add(
          new ArrayExample<>(
              new MultiLabel(
                  new HashSet<>(List.of(new Label("l" + first / 2), new Label("l" + second / 2)))),
              new String[] {"x" + first, first == second ? "same" : "x" + second},
              new double[] {1, 1}));
    }
    Model<MultiLabel> linear =
        new org.tribuo.multilabel.sgd.linear.LinearSGDTrainer(
                new BinaryCrossEntropy(), new Sm3Optimiser(0.5), 5, 1)
            .train(data);
    assertThat(new MultiLabelEvaluator().evaluate(linear, data).microAveragedF1())
        .isGreaterThan(0.9);
  }

  private static <T extends Output<T>> MutableDataset<T> dataset(OutputFactory<T> factory) {
    return new MutableDataset<>(
        new SimpleDataSourceProvenance(
            "made up", OffsetDateTime.of(2026, 12, 1, 0, 0, 0, 0, ZoneOffset.UTC), factory),
        factory);
  }
}
