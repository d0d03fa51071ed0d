import dev.mincover.recipe.Momentum;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensorflow.SessionOptimizer;
import dev.mincover.tensorflow.Sm3Optimizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.framework.optimizers.Adam;
import org.tensorflow.ndarray.NdArrays;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.StdArrays;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Op;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.Variable;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TFloat64;

/** A network that tells three spirals apart, trained with TensorFlow's Adam, and then with SM3. */
public final class Spirals {

  private static final int EPOCHS = 20;
  private static final int BATCH = 100;
  private static final int BATCHES = 30;
  private static final int WIDTH = 256;

  public static void main(String[] arguments) throws Exception {
    System.out.println("TensorFlow-Java's Adam:");
    try (Network network = new Network()) {
      Op train = new Adam(network.graph, 0.003f).minimize(network.loss);
      try (Session session = new Session(network.graph)) {
        train(network, session, 1, EPOCHS, (runner, _) -> runner.addTarget(train).run());
        System.out.printf("  state: %,d bytes%n", 2 * Float.BYTES * network.weights);
      }
    }

    Sm3 momentum =
        Sm3.learningRate(Schedule.constant(0.1).warmup(60, 2)).momentum(Momentum.average(0.9));
    System.out.println("SM3 with momentum, by minimize:");
    try (Network network = new Network()) {
      Sm3Optimizer sm3 = new Sm3Optimizer(network.graph, momentum);
      Op train = sm3.minimize(network.loss);
      try (Session session = new Session(network.graph)) {
        train(network, session, 1, EPOCHS, (runner, step) -> {
          try (TFloat64 rate = sm3.rate(step)) {
            return runner.feed(sm3.rate(), rate).addTarget(train).run();
          }
        });
        System.out.printf("  state: %,d bytes%n", sm3.stateBytes());
      }
    }

    System.out.println("SM3 with momentum, stepped by core:");
    try (Network network = new Network();
        Session session = new Session(network.graph);
        SessionOptimizer sm3 = SessionOptimizer.bind(momentum, session, network.loss, 2)) {
      train(network, session, 1, EPOCHS, (runner, _) -> sm3.step(runner));
      System.out.printf("  state: %,d bytes%n", sm3.core().stateBytes());
    }

    Sm3 plain = momentum.momentum(Momentum.none());
    System.out.println("SM3 without momentum, straight on:");
    float[] straight;
    try (Network network = new Network();
        Session session = new Session(network.graph);
        SessionOptimizer sm3 = SessionOptimizer.bind(plain, session, network.loss, 2)) {
      train(network, session, 1, EPOCHS, (runner, _) -> sm3.step(runner));
      System.out.printf("  state: %,d bytes%n", sm3.core().stateBytes());
      straight = network.hidden(session);
    }

    System.out.println("stopped after half of its epochs, and resumed:");
    Path file = Files.createTempFile("spirals", ".safetensors");
    try (Network network = new Network();
        Session session = new Session(network.graph);
        SessionOptimizer sm3 = SessionOptimizer.bind(plain, session, network.loss, 2)) {
      train(network, session, 1, EPOCHS / 2, (runner, _) -> sm3.step(runner));
      sm3.save(file, Map.of("epoch", String.valueOf(EPOCHS / 2))); // weights and state
    }
    try (Network network = new Network();
        Session session = new Session(network.graph);
        SessionOptimizer sm3 = SessionOptimizer.bind(plain, session, network.loss, 2)) {
      int epoch = Integer.parseInt(sm3.load(file).get("epoch"));
      train(network, session, epoch + 1, EPOCHS, (runner, _) -> sm3.step(runner));
      System.out.println(
          Arrays.equals(straight, network.hidden(session))
              ? "  the resumed training has the same bits"
              : "  THE RESUMED TRAINING DIFFERS");
    }
    Files.delete(file);
  }

  /** How a run, which is set up for the loss, becomes a step. */
  private interface Step {
    Result take(Session.Runner runner, long step);
  }

  private static void train(Network network, Session session, int from, int to, Step step) {
    long start = System.nanoTime();
    for (int epoch = from; epoch <= to; epoch++) {
      float loss = 0;
      for (int batch = 0; batch < BATCHES; batch++) {
        Points points = Points.of(epoch * BATCHES + batch, BATCH);
        long number = (long) (epoch - 1) * BATCHES + batch + 1;
        try (TFloat32 x = points.places();
            TFloat32 y = points.spirals();
            Result result =
                step.take(
                    session.runner().feed(network.x, x).feed(network.y, y).fetch(network.loss),
                    number)) {
          loss += ((TFloat32) result.get(0)).getFloat() / BATCHES;
        }
      }
      if (epoch % 5 == 0) {
        System.out.printf(
            "  epoch %2d: loss %.4f, accuracy on new points %.3f, %.1f s%n",
            epoch, loss, network.accuracy(session), (System.nanoTime() - start) * 1e-9);
      }
    }
  }

  /** Two hidden layers. */
  private static final class Network implements AutoCloseable {
    final Graph graph = new Graph();
    final Placeholder<TFloat32> x;
    final Placeholder<TFloat32> y;
    final Operand<TFloat32> loss;
    private final Operand<TFloat32> logits;
    private final Ops tf = Ops.create(graph);
    private final SplittableRandom random = new SplittableRandom(1);
    long weights;

    Network() {
      x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 2)));
      y = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(-1, 3)));
      Operand<TFloat32> first = tf.nn.relu(layer("first", x, 2, WIDTH));
      Operand<TFloat32> hidden = tf.nn.relu(layer("hidden", first, WIDTH, WIDTH));
      logits = layer("last", hidden, WIDTH, 3);
      loss =
          tf.math.mean(
              tf.nn.softmaxCrossEntropyWithLogits(logits, y).loss(), tf.constant(0));
    }

    private Operand<TFloat32> layer(String name, Operand<TFloat32> input, int from, int to) {
      float[] values = new float[from * to];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (random.nextGaussian() * Math.sqrt(2.0 / from));
      }
      weights += values.length + to;
      // In a scope of its own, TensorFlow-Java's Adam could not train a layer.
      Variable<TFloat32> kernel =
          tf.withName(name + "_kernel")
              .variable(tf.constant(Shape.of(from, to), DataBuffers.of(values)));
      Variable<TFloat32> bias =
          tf.withName(name + "_bias").variable(tf.constant(new float[to]));
      return tf.math.add(tf.linalg.matMul(input, kernel), bias);
    }

    float accuracy(Session session) {
      Points points = Points.of(0, 10 * BATCH); // Batches of the training count from BATCHES on.
      try (TFloat32 places = points.places();
          Result result = session.runner().feed(x, places).fetch(logits).run()) {
        float[][] scores = StdArrays.array2dCopyOf((TFloat32) result.get(0));
        int right = 0;
        for (int i = 0; i < scores.length; i++) {
          float[] score = scores[i];
          int best = score[0] >= score[1] ? 0 : 1;
          right += (score[2] > score[best] ? 2 : best) == points.spiral[i] ? 1 : 0;
        }
        return (float) right / scores.length;
      }
    }

    float[] hidden(Session session) {
      try (Result result = session.runner().fetch("hidden_kernel").run()) {
        float[] values = new float[WIDTH * WIDTH];
        ((TFloat32) result.get(0)).copyTo(NdArrays.wrap(
            Shape.of(WIDTH, WIDTH), DataBuffers.of(values, false, false)));
        return values;
      }
    }

    @Override
    public void close() {
      graph.close();
    }
  }

  /** Points of three spirals, and which one each belongs to; a seed gives the same ones always. */
  private record Points(float[][] place, int[] spiral) {

    static Points of(long seed, int n) {
      SplittableRandom random = new SplittableRandom(seed);
      float[][] place = new float[n][2];
      int[] spiral = new int[n];
      for (int i = 0; i < n; i++) {
        spiral[i] = random.nextInt(3);
        double radius = random.nextDouble(0.1, 1);
        double angle = 2 * Math.PI * (spiral[i] / 3.0 + 1.5 * radius);
        place[i][0] = (float) (radius * Math.cos(angle) + 0.02 * random.nextGaussian());
        place[i][1] = (float) (radius * Math.sin(angle) + 0.02 * random.nextGaussian());
      }
      return new Points(place, spiral);
    }

    TFloat32 places() {
      return TFloat32.tensorOf(StdArrays.ndCopyOf(place));
    }

    TFloat32 spirals() {
      float[][] oneHot = new float[spiral.length][3];
      for (int i = 0; i < spiral.length; i++) {
        oneHot[i][spiral[i]] = 1;
      }
      return TFloat32.tensorOf(StdArrays.ndCopyOf(oneHot));
    }
  }
}
