import dev.mincover.Optimizer;
import dev.mincover.recipe.Sm3;
import dev.mincover.schedule.Schedule;
import dev.mincover.tensor.Gradient;
import dev.mincover.tensor.Parameter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Word vectors by skip-gram with negative sampling (Mikolov et al., arXiv:1310.4546) over the words
 * in Java sources. A batch touches a few thousand rows of two large tables, so that its gradients
 * are rows ({@link Gradient#rows}).
 */
public final class WordVectors {

  private static final int WIDTH = 100;
  private static final int WINDOW = 5;
  private static final int NEGATIVES = 5;
  private static final int PAIRS = 512; // in a batch
  private static final List<String> SHOWN =
      List.of("ImmutableList", "InputStream", "IllegalArgumentException", "matrix", "synchronized", "regex");

  private final Corpus corpus;
  private final float[] words; // a row for each word as the centre
  private final float[] contexts; // a row for each word as a neighbour
  private final long steps;

  private final long[] wordRows = new long[PAIRS];
  private final float[] wordGradients = new float[PAIRS * WIDTH];
  private final long[] contextRows = new long[PAIRS * (1 + NEGATIVES)];
  private final float[] contextGradients = new float[PAIRS * (1 + NEGATIVES) * WIDTH];

  private WordVectors(Corpus corpus, long steps) {
    this.corpus = corpus;
    this.steps = steps;
    words = new float[corpus.vocabulary() * WIDTH];
    contexts = new float[corpus.vocabulary() * WIDTH];
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < words.length; i++) {
      words[i] = (float) random.nextDouble(-0.5, 0.5) / WIDTH;
    }
  }

  public static void main(String[] arguments) throws IOException {
    long steps = Long.parseLong(arguments.length > 0 ? arguments[0] : "4000");
    Corpus corpus = Corpus.read(Path.of("target", "corpus"));
    System.out.printf(
        "%,d words of text, %,d different; two tables of %,d x %d weights, %.1f MB%n",
        corpus.text().length,
        corpus.vocabulary(),
        corpus.vocabulary(),
        WIDTH,
        2e-6 * Float.BYTES * corpus.vocabulary() * WIDTH);
    Schedule rate = Schedule.constant(0.2).cooldown(steps, 0.2);
    WordVectors sm3 = new WordVectors(corpus, steps);
    sm3.train("SM3", Sm3.learningRate(rate));
    new WordVectors(corpus, steps).train("AdaGrad", Sm3.adaGrad(rate));
    System.out.println("\nNearest neighbours (SM3):");
    for (String word : SHOWN) {
      System.out.printf("  %-26s%s%n", word, String.join(", ", sm3.nearest(word, 6)));
    }
  }

  private void train(String name, Sm3 recipe) {
    List<Parameter> parameters =
        List.of(
            Parameter.of("words", words, corpus.vocabulary(), WIDTH),
            Parameter.of("contexts", contexts, corpus.vocabulary(), WIDTH));
    SplittableRandom random = new SplittableRandom(2);
    long start = System.nanoTime();
    double loss = 0;
    try (Optimizer optimizer = Optimizer.bind(recipe, parameters, /* threads */ 2);
        ProgressBar bar =
            new ProgressBarBuilder().setTaskName(name).setInitialMax(steps).build()) {
      for (long step = 1; step <= steps; step++) {
        double batch = gradients(random);
        loss = step == 1 ? batch : 0.99 * loss + 0.01 * batch;
        optimizer.step(
            Map.of(
                "words", Gradient.rows(wordRows, wordGradients),
                "contexts", Gradient.rows(contextRows, contextGradients)));
        if (step % 100 == 0) {
          bar.stepTo(step).setExtraMessage("loss %.3f".formatted(loss));
        }
      }
      bar.close(); // Its line ends before the next one is printed.
      System.out.printf(
          "%-8s loss %.3f nats a pair, %.1f s, %,.2f MB of state%n",
          name, loss, 1e-9 * (System.nanoTime() - start), 1e-6 * optimizer.stateBytes());
    }
  }

  /** Overwrites the gradients of a batch, each the sum over its pairs; returns the mean loss. */
  private double gradients(SplittableRandom random) {
    Arrays.fill(wordGradients, 0);
    double loss = 0;
    for (int pair = 0; pair < PAIRS; pair++) {
      int at = random.nextInt(WINDOW, corpus.text().length - WINDOW);
      int distance = random.nextInt(1, WINDOW + 1);
      int word = corpus.text()[at];
      int neighbour = corpus.text()[random.nextBoolean() ? at + distance : at - distance];
      wordRows[pair] = word;
      for (int k = 0; k <= NEGATIVES; k++) {
        boolean real = k == 0;
        int context = real ? neighbour : corpus.noise(random);
        int slot = pair * (1 + NEGATIVES) + k;
        contextRows[slot] = context;
        float score = dot(words, word, contexts, context);
        double probability = 1 / (1 + Math.exp(-score));
        loss -= Math.log(Math.max(1e-12, real ? probability : 1 - probability));
        float error = (float) (probability - (real ? 1 : 0));
        for (int d = 0; d < WIDTH; d++) {
          wordGradients[pair * WIDTH + d] += error * contexts[context * WIDTH + d];
          contextGradients[slot * WIDTH + d] = error * words[word * WIDTH + d];
        }
      }
    }
    return loss / PAIRS;
  }

  private static float dot(float[] a, int rowA, float[] b, int rowB) {
    float sum = 0;
    for (int d = 0; d < WIDTH; d++) {
      sum += a[rowA * WIDTH + d] * b[rowB * WIDTH + d];
    }
    return sum;
  }

  /** The words whose vectors have the smallest angle to that of a word. */
  private List<String> nearest(String word, int count) {
    int row = corpus.index(word);
    double[] cosines =
        IntStream.range(0, corpus.vocabulary())
            .mapToDouble(
                other ->
                    dot(words, row, words, other) / Math.sqrt(dot(words, other, words, other)))
            .toArray();
    return IntStream.range(0, corpus.vocabulary())
        .filter(other -> other != row)
        .boxed()
        .sorted(Comparator.comparingDouble(other -> -cosines[other]))
        .limit(count)
        .map(corpus::word)
        .toList();
  }
}
