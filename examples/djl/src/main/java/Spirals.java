import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.core.Linear;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import ai.djl.util.Pair;
import dev.mincover.djl.MincoverOptimizer;
import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** A network that tells three spirals apart, trained with DJL's Adam, and then with SM3. */
public final class Spirals {

  private static final int EPOCHS = 20;
  private static final int BATCH = 100;
  private static final int BATCHES = 30;

  public static void main(String[] arguments) throws Exception {
    System.out.println("DJL's Adam:");
    try (Model model = model()) {
      Optimizer adam = Optimizer.adam().optLearningRateTracker(Tracker.fixed(0.003f)).build();
      train(model, adam, 1, EPOCHS);
      System.out.printf("  state: %,d bytes%n", 2 * Float.BYTES * weights(model));
    }

    Sm3 recipe =
        Sm3.learningRate(Schedule.constant(0.1).warmup(60, 2)).momentum(Momentum.average(0.9));
    System.out.println("SM3 with momentum:");
    try (Model model = model()) {
      MincoverOptimizer sm3 = MincoverOptimizer.of(recipe, model.getBlock()); // the one line
      train(model, sm3, 1, EPOCHS);
      System.out.printf("  state: %,d bytes%n", sm3.stateBytes());
    }

    recipe = recipe.momentum(Momentum.none());
    System.out.println("SM3 without momentum, straight on:");
    float[] straight;
    try (Model model = model()) {
      MincoverOptimizer sm3 = MincoverOptimizer.of(recipe, model.getBlock());
      train(model, sm3, 1, EPOCHS);
      System.out.printf("  state: %,d bytes%n", sm3.stateBytes());
      straight = firstWeights(model);
    }
    System.out.println("stopped after half of its epochs, and resumed:");
    Path folder = Files.createTempDirectory("spirals");
    Path state = folder.resolve("optimizer.safetensors");
    try (Model model = model()) {
      MincoverOptimizer sm3 = MincoverOptimizer.of(recipe, model.getBlock());
      train(model, sm3, 1, EPOCHS / 2);
      model.save(folder, "spirals");
      sm3.save(state, Map.of("epoch", String.valueOf(EPOCHS / 2))); // beside Model.save
    }
    try (Model model = model()) {
      model.load(folder, "spirals");
      MincoverOptimizer sm3 = MincoverOptimizer.of(recipe, model.getBlock());
      Map<String, String> saved = sm3.load(state); // beside Model.load
      train(model, sm3, Integer.parseInt(saved.get("epoch")) + 1, EPOCHS);
      System.out.println(
          Arrays.equals(straight, firstWeights(model))
              ? "  the resumed training has the same bits"
              : "  THE RESUMED TRAINING DIFFERS");
    }
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    }
  }

  private static Model model() {
    Engine.getInstance().setRandomSeed(1);
    Model model = Model.newInstance("spirals");
    model.setBlock(
        new SequentialBlock()
            .add(Linear.builder().setUnits(256).build())
            .add(Activation::relu)
            .add(Linear.builder().setUnits(256).build())
            .add(Activation::relu)
            .add(Linear.builder().setUnits(3).build()));
    return model;
  }

  private static void train(Model model, Optimizer optimizer, int from, int to) {
    try (Trainer trainer =
        model.newTrainer(
            new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss()).optOptimizer(optimizer))) {
      trainer.initialize(new Shape(BATCH, 2));
      for (int epoch = from; epoch <= to; epoch++) {
        float loss = 0;
        for (int batch = 0; batch < BATCHES; batch++) {
          try (NDManager manager = trainer.getManager().newSubManager()) {
            NDList data = points(manager, epoch * BATCHES + batch);
            try (GradientCollector collector = trainer.newGradientCollector()) {
              NDArray value =
                  trainer
                      .getLoss()
                      .evaluate(new NDList(data.get(1)), trainer.forward(new NDList(data.get(0))));
              collector.backward(value);
              loss += value.getFloat() / BATCHES;
            }
            trainer.step();
          }
        }
        if (epoch % 5 == 0) {
          System.out.printf(
              "  epoch %2d: loss %.4f, accuracy on new points %.3f%n",
              epoch, loss, accuracy(trainer));
        }
      }
    }
  }

  private static float accuracy(Trainer trainer) {
    try (NDManager manager = trainer.getManager().newSubManager()) {
      NDList data = points(manager, 0); // Batches of the training count from BATCHES on.
      NDArray chosen = trainer.evaluate(new NDList(data.get(0))).get(0).argMax(1);
      return chosen.eq(data.get(1)).toType(DataType.FLOAT32, false).mean().getFloat();
    }
  }

  /** Points of three spirals, and which one each belongs to; a seed gives the same ones always. */
  private static NDList points(NDManager manager, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int n = seed == 0 ? 10 * BATCH : BATCH;
    float[] points = new float[2 * n];
    long[] spirals = new long[n];
    for (int i = 0; i < n; i++) {
      spirals[i] = random.nextInt(3);
      double radius = random.nextDouble(0.1, 1);
      double angle = 2 * Math.PI * (spirals[i] / 3.0 + 1.5 * radius);
      points[2 * i] = (float) (radius * Math.cos(angle) + 0.02 * random.nextGaussian());
      points[2 * i + 1] = (float) (radius * Math.sin(angle) + 0.02 * random.nextGaussian());
    }
    return new NDList(manager.create(points, new Shape(n, 2)), manager.create(spirals));
  }

  private static long weights(Model model) {
    long weights = 0;
    for (Pair<String, Parameter> pair : model.getBlock().getParameters()) {
      weights += pair.getValue().getArray().size();
    }
    return weights;
  }

  private static float[] firstWeights(Model model) {
    Block block = model.getBlock();
    return block.getParameters().get(0).getValue().getArray().toFloatArray();
  }
}
