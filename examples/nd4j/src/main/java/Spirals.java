import dev.mincover.nd4j.ArrayOptimizer;
import dev.mincover.nd4j.DeferredUpdater;
import dev.mincover.nd4j.NetworkOptimizer;
import dev.mincover.nd4j.Sm3Updater;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.TrainingConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A network that tells three spirals apart: DL4J's Adam, then SM3; and the same as a graph. */
public final class Spirals {

  private static final int EPOCHS = 12;
  private static final int BATCH = 100;
  private static final int BATCHES = 30;
  private static final int WIDTH = 256;
  private static final DataSet NEW_POINTS = points(0, 10 * BATCH);

  public static void main(String[] arguments) throws Exception {
    Schedule rate = Schedule.constant(0.1).warmup(60, 2);
    Sm3 withMomentum = Sm3.learningRate(rate).momentum(Momentum.average(0.9));
    Sm3 without = Sm3.learningRate(rate);
    System.out.println("one epoch to warm the JVM up:");
    fit(network(new Adam(0.003)), 1, 1);

    System.out.println("DL4J's Adam:");
    MultiLayerNetwork ofAdam = network(new Adam(0.003));
    fit(ofAdam, 1, EPOCHS);
    System.out.printf("  state: %,d bytes%n", 4 * ofAdam.getUpdater().getStateViewArray().length());

    System.out.println("SM3 with momentum, in DL4J's fit:");
    MultiLayerNetwork fitted = network(new DeferredUpdater());
    try (NetworkOptimizer sm3 = NetworkOptimizer.bind(withMomentum, fitted, 2)) {
      sm3.attach();
      fit(fitted, 1, EPOCHS);
      System.out.printf("  state: %,d bytes%n", sm3.core().stateBytes());
    }

    System.out.println("SM3 without momentum, straight on:");
    MultiLayerNetwork straight = network(new DeferredUpdater());
    Path file = Files.createTempFile("spirals", ".safetensors");
    try (NetworkOptimizer sm3 = NetworkOptimizer.bind(without, straight, 2)) {
      sm3.attach();
      fit(straight, 1, EPOCHS / 2);
      sm3.save(file, Map.of("epoch", String.valueOf(EPOCHS / 2)));
      fit(straight, EPOCHS / 2 + 1, EPOCHS);
      System.out.printf("  state: %,d bytes%n", sm3.core().stateBytes());
    }
    System.out.println("resumed from its file of epoch 6, in a new network:");
    MultiLayerNetwork resumed = network(new DeferredUpdater());
    try (NetworkOptimizer sm3 = NetworkOptimizer.bind(without, resumed, 2)) {
      sm3.attach();
      Map<String, String> saved = sm3.load(file);
      fit(resumed, Integer.parseInt(saved.get("epoch")) + 1, EPOCHS);
    }
    Files.delete(file);
    System.out.println(
        resumed.params().equalsWithEps(straight.params(), 0)
            ? "  the resumed training has the same bits"
            : "  THE RESUMED TRAINING DIFFERS");

    System.out.println("SameDiff's fit with Sm3Updater, no momentum:");
    SameDiff updated = graph();
    updated.setTrainingConfig(
        new TrainingConfig.Builder()
            .updater(Sm3Updater.of(without)) // the one line
            .dataSetFeatureMapping("points")
            .dataSetLabelMapping("spirals")
            .build());
    for (int epoch = 1; epoch <= EPOCHS; epoch++) {
      for (int batch = 0; batch < BATCHES; batch++) {
        updated.fit(batch(epoch, batch));
      }
      report(epoch, accuracy(updated));
    }
    System.out.println("the same graph in a loop of its own:");
    SameDiff stepped = graph();
    try (ArrayOptimizer sm3 = ArrayOptimizer.bind(without, stepped, 2)) {
      for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        for (int batch = 0; batch < BATCHES; batch++) {
          sm3.step(stepped.calculateGradients(placeholders(batch(epoch, batch)), sm3.names()));
        }
      }
    }
    System.out.println(
        weights(updated, "w1").equalsWithEps(weights(stepped, "w1"), 0)
            ? "  both have the same bits"
            : "  THE LOOP DIFFERS FROM FIT");
  }

  private static MultiLayerNetwork network(IUpdater updater) {
    MultiLayerNetwork network =
        new MultiLayerNetwork(
            new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(updater)
                .activation(Activation.RELU)
                .list()
                .layer(new DenseLayer.Builder().nIn(2).nOut(WIDTH).build())
                .layer(new DenseLayer.Builder().nIn(WIDTH).nOut(WIDTH).build())
                .layer(
                    new OutputLayer.Builder(LossFunction.MCXENT)
                        .activation(Activation.SOFTMAX)
                        .nIn(WIDTH)
                        .nOut(3)
                        .build())
                .build());
    network.init();
    return network;
  }

  private static void fit(MultiLayerNetwork network, int from, int to) {
    long start = System.nanoTime();
    for (int epoch = from; epoch <= to; epoch++) {
      double loss = 0;
      for (int batch = 0; batch < BATCHES; batch++) {
        network.fit(batch(epoch, batch));
        loss += network.score() / BATCHES;
      }
      if (epoch % 4 == 0) {
        INDArray chosen = network.output(NEW_POINTS.getFeatures()).argMax(1);
        System.out.printf(
            "  epoch %2d: loss %.4f, accuracy on new points %.3f%n", epoch, loss, accuracy(chosen));
      }
    }
    double seconds = (System.nanoTime() - start) * 1e-9;
    System.out.printf("  %.2f s an epoch%n", seconds / (to + 1 - from));
  }

  private static SameDiff graph() {
    Nd4j.getRandom().setSeed(1);
    SameDiff graph = SameDiff.create();
    SDVariable points = graph.placeHolder("points", DataType.FLOAT, -1, 2);
    SDVariable spirals = graph.placeHolder("spirals", DataType.FLOAT, -1, 3);
    SDVariable first = layer(graph, points, 0, 2, WIDTH);
    SDVariable second = layer(graph, graph.nn.relu(first, 0), 1, WIDTH, WIDTH);
    SDVariable logits = layer(graph, graph.nn.relu(second, 0), 2, WIDTH, 3).rename("logits");
    graph.loss.softmaxCrossEntropy("loss", spirals, logits, null);
    graph.setLossVariables("loss");
    return graph;
  }

  private static SDVariable layer(SameDiff graph, SDVariable in, int i, int rows, int columns) {
    INDArray initial = Nd4j.randn(DataType.FLOAT, rows, columns).muli(Math.sqrt(2.0 / rows));
    SDVariable weights = graph.var("w" + i, initial);
    return in.mmul(weights).add(graph.var("b" + i, Nd4j.zeros(DataType.FLOAT, columns)));
  }

  private static INDArray weights(SameDiff graph, String name) {
    return graph.getVariable(name).getArr();
  }

  private static Map<String, INDArray> placeholders(DataSet data) {
    return Map.of("points", data.getFeatures(), "spirals", data.getLabels());
  }

  private static void report(int epoch, double accuracy) {
    if (epoch % 4 == 0) {
      System.out.printf("  epoch %2d: accuracy on new points %.3f%n", epoch, accuracy);
    }
  }

  private static double accuracy(SameDiff graph) {
    Map<String, INDArray> in = Map.of("points", NEW_POINTS.getFeatures());
    return accuracy(graph.output(in, "logits").get("logits").argMax(1));
  }

  private static double accuracy(INDArray chosen) {
    INDArray expected = NEW_POINTS.getLabels().argMax(1);
    return chosen.eq(expected).castTo(DataType.FLOAT).meanNumber().doubleValue();
  }

  private static DataSet batch(int epoch, int batch) {
    return points(epoch * BATCHES + batch, BATCH);
  }

  /** Points of three spirals, and which one each belongs to; a seed gives the same ones always. */
  private static DataSet points(long seed, int n) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] points = new float[n][2];
    float[][] spirals = new float[n][3];
    for (int i = 0; i < n; i++) {
      int spiral = random.nextInt(3);
      double radius = random.nextDouble(0.1, 1);
      double angle = 2 * Math.PI * (spiral / 3.0 + 1.5 * radius);
      points[i][0] = (float) (radius * Math.cos(angle) + 0.02 * random.nextGaussian());
      points[i][1] = (float) (radius * Math.sin(angle) + 0.02 * random.nextGaussian());
      spirals[i][spiral] = 1;
    }
    return new DataSet(Nd4j.createFromArray(points), Nd4j.createFromArray(spirals));
  }
}
