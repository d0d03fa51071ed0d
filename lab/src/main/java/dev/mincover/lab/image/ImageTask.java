package dev.mincover.lab.image;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightFile;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Outcome;
import dev.mincover.lab.task.Task;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A convolutional network of some size learns to tell digits apart.
 *
 * @param config size of the model
 * @param weights type of the model's weights
 * @param batch pictures per step
 * @param digits the data
 */
record ImageTask(ConvolutionConfig config, WeightType weights, int batch, Digits digits)
    implements Task {

  private static final int AT_ONCE = 64;

  @Override
  public TaskKind kind() {
    return TaskKind.IMAGE;
  }

  @Override
  public String data() {
    return digits.description();
  }

  @Override
  public String digest() {
    return digits.digest();
  }

  @Override
  public String description() {
    return "convolutional network: %d convolutions, the first of %d channels; %,d weights in %s"
        .formatted(config.layers(), config.width(), config.parameterCount(), Names.of(weights));
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(config.layers(), config.width(), null, null, null, Names.of(weights));
  }

  @Override
  public String step() {
    return "%d pictures".formatted(batch);
  }

  @Override
  public Batch buffers() {
    return new Batch(batch, Digits.PIXELS, 1);
  }

  @Override
  public DigitBatches samples(long seed) {
    return new DigitBatches(digits.training(), seed);
  }

  @Override
  public HeldOutDigits validation() {
    return new HeldOutDigits(digits.validation());
  }

  @Override
  public ConvolutionalNetwork model(long seed, boolean sparse) {
    return new ConvolutionalNetwork(config, seed, weights);
  }

  @Override
  public double baseline() {
    long[] counts = counts();
    double sum = 0;
    for (byte label : digits.validation().labels()) {
      sum -= Math.log((double) counts[label] / digits.training().count());
    }
    return sum / (digits.validation().count() * Math.log(2));
  }

  private long[] counts() {
    long[] counts = new long[Digits.CLASSES];
    for (byte label : digits.training().labels()) {
      counts[label]++;
    }
    return counts;
  }

  @Override
  public Outcome outcome(Model model, int threads) {
    ConvolutionalNetwork network = (ConvolutionalNetwork) model;
    Digits.Pictures pictures = digits.validation();
    Mistakes mistakes = new Mistakes(pictures);
    for (int first = 0; first < pictures.count(); first += AT_ONCE) {
      int count = Math.min(AT_ONCE, pictures.count() - first);
      Batch batch = new Batch(count, Digits.PIXELS, 1);
      validation().fill(first, batch);
      int[] guesses = network.guesses(batch.inputs());
      for (int i = 0; i < count; i++) {
        mistakes.add(first + i, guesses[i]);
      }
    }
    return new Outcome(
        List.of(
            new Summary.Score(
                "accuracy, %",
                100.0 * (pictures.count() - mistakes.count()) / pictures.count(),
                100.0 * countOfMostFrequent() / pictures.count(),
                "guessing the most frequent digit")),
        mistakes.examples());
  }

  /** Returns how many validation pictures show the digit that training pictures show most. */
  private int countOfMostFrequent() {
    long[] counts = counts();
    int most = 0;
    for (int digit = 1; digit < counts.length; digit++) {
      most = counts[digit] > counts[most] ? digit : most;
    }
    int count = 0;
    for (byte label : digits.validation().labels()) {
      count += label == most ? 1 : 0;
    }
    return count;
  }

  @Override
  public void save(Model model, Path file) {
    Map<String, String> size = new LinkedHashMap<>();
    size.put("layers", Integer.toString(config.layers()));
    size.put("width", Integer.toString(config.width()));
    WeightFile.write(file, "convolutional network", model, weights, size);
  }
}
