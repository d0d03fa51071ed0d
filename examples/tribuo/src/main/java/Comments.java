import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.provenance.ProvenanceUtil;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tribuo.Sm3Optimiser;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.tribuo.Dataset;
import org.tribuo.Model;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.classification.sgd.fm.FMClassificationTrainer;
import org.tribuo.classification.sgd.linear.LinearSGDModel;
import org.tribuo.classification.sgd.linear.LinearSGDTrainer;
import org.tribuo.classification.sgd.objectives.LogMulticlass;
import org.tribuo.math.StochasticGradientOptimiser;
import org.tribuo.math.optimisers.AdaGrad;
import org.tribuo.math.optimisers.Adam;

/**
 * Which of six libraries does a comment come from? Tribuo's logistic regression and factorisation
 * machine, each with Tribuo's AdaGrad and Adam and with SM3.
 */
final class Comments {

  private static final int LINEAR_EPOCHS = 3;
  private static final int FACTORS = 4;

  private Comments() {}

  public static void main(String[] arguments) throws IOException {
    Logger.getLogger("org.tribuo").setLevel(Level.WARNING);
    Corpus corpus = Corpus.read(Path.of("target/corpus"), 1_500, 500);
    int labels = corpus.training().getOutputInfo().size();
    int features = corpus.training().getFeatureMap().size();
    System.out.printf(
        "%,d comments to learn from, %,d others to ask, %,d words, %d libraries%n",
        corpus.training().size(), corpus.test().size(), features, labels);

    int[][] linear = {{labels, features + 1}};
    System.out.printf(
        "logistic regression, %,d weights, %d epochs:%n", size(linear), LINEAR_EPOCHS);
    // Each learning rate is the best of several.
    compare(corpus, linear, optimisers(0.1, 5, 0.2), Comments::linear);
    trainAgain(corpus.training());

    // The bias, the linear part, and a table of factors for each label.
    int[][] factorised =
        IntStream.range(0, labels + 2)
            .mapToObj(
                i -> i == 0 ? new int[] {labels} : new int[] {i == 1 ? labels : FACTORS, features})
            .toArray(int[][]::new);
    System.out.printf("factorisation machine, %,d weights, 1 epoch:%n", size(factorised));
    compare(
        corpus,
        factorised,
        optimisers(0.02, 0.2, 0.02),
        optimiser ->
            new FMClassificationTrainer(
                new LogMulticlass(), optimiser, 1, -1, 1, 1, FACTORS, 0.01));
  }

  private static Map<String, StochasticGradientOptimiser> optimisers(
      double adaGrad, double adam, double sm3) {
    Map<String, StochasticGradientOptimiser> optimisers = new LinkedHashMap<>();
    optimisers.put("AdaGrad", new AdaGrad(adaGrad));
    optimisers.put("Adam", new Adam(adam, 1e-6));
    optimisers.put("SM3", new Sm3Optimiser(sm3));
    return optimisers;
  }

  private static LinearSGDTrainer linear(StochasticGradientOptimiser optimiser) {
    return new LinearSGDTrainer(new LogMulticlass(), optimiser, LINEAR_EPOCHS, -1, 1, 1);
  }

  private static void compare(
      Corpus corpus,
      int[][] shapes,
      Map<String, StochasticGradientOptimiser> optimisers,
      Function<StochasticGradientOptimiser, Trainer<Label>> trainer) {
    // Once before the clock runs, so that all find the code compiled.
    optimisers.values().forEach(optimiser -> trainer.apply(optimiser).train(corpus.training()));
    optimisers.forEach((name, optimiser) -> {
      long start = System.nanoTime();
      Model<Label> model = trainer.apply(optimiser).train(corpus.training());
      double seconds = (System.nanoTime() - start) * 1e-9;
      double accuracy = new LabelEvaluator().evaluate(model, corpus.test()).accuracy();
      System.out.printf(
          "  %-8s accuracy %.3f, %5.1f s, state %,10d bytes%n",
          name, accuracy, seconds, stateBytes(optimiser, shapes));
    });
  }

  /** Tribuo does not tell; its AdaGrad keeps a double for each weight, its Adam two. */
  private static long stateBytes(StochasticGradientOptimiser optimiser, int[][] shapes) {
    return switch (optimiser) {
      case Sm3Optimiser sm3 -> sm3.stateBytes(shapes);
      case AdaGrad _ -> Double.BYTES * size(shapes);
      case Adam _ -> 2 * Double.BYTES * size(shapes);
      default -> throw new IllegalArgumentException("unknown: " + optimiser);
    };
  }

  private static long size(int[][] shapes) {
    return Arrays.stream(shapes)
        .mapToLong(shape -> Arrays.stream(shape).asLongStream().reduce(1, Math::multiplyExact))
        .sum();
  }

  /** The provenance of a model holds all that is needed to train it again. */
  private static void trainAgain(Dataset<Label> data) {
    Sm3 recipe = Sm3.learningRate(Schedule.constant(0.2).warmup(500, 2));
    LinearSGDModel model = linear(Sm3Optimiser.of(recipe)).train(data);
    try (ConfigurationManager configuration = new ConfigurationManager()) {
      configuration.addConfiguration(ProvenanceUtil.extractConfiguration(model.getProvenance()));
      LinearSGDTrainer trainer = configuration.lookupAll(LinearSGDTrainer.class).getFirst();
      boolean equal = trainer.train(data).getWeightsCopy().equals(model.getWeightsCopy());
      System.out.println(
          "  trained again from the model's provenance, warm-up included: "
              + (equal ? "the same weights" : "the model DIFFERS"));
    }
  }
}
