package dev.mincover.lab.mlm;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.common.Printable;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Corpus;
import dev.mincover.lab.model.GptConfig;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightFile;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Outcome;
import dev.mincover.lab.task.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An encoder of some size learns to guess masked bytes of a text.
 *
 * @param config size of the model
 * @param weights type of the model's weights
 * @param batch windows of text per step
 * @param corpus longer than the model's context
 */
record MaskedTask(GptConfig config, WeightType weights, int batch, Corpus corpus) implements Task {

  private static final int VALIDATION_WINDOWS = 256;
  private static final int EXAMPLES = 12;

  @Override
  public TaskKind kind() {
    return TaskKind.MLM;
  }

  @Override
  public String data() {
    return corpus.description();
  }

  @Override
  public String digest() {
    return corpus.digest();
  }

  @Override
  public String description() {
    return "encoder of bytes: %d layers, width %d, %d heads, context %d; %,d weights in %s"
        .formatted(
            config.layers(),
            config.width(),
            config.heads(),
            config.context(),
            Encoder.parameterCount(config),
            Names.of(weights));
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(
        config.layers(), config.width(), config.heads(), config.context(), null, Names.of(weights));
  }

  @Override
  public String step() {
    return "%d x %d bytes, 15 %% of them to guess".formatted(batch, config.context());
  }

  @Override
  public Batch buffers() {
    return new Batch(batch, config.context());
  }

  @Override
  public MaskedBatches samples(long seed) {
    return new MaskedBatches(corpus.training(), config.context(), seed);
  }

  @Override
  public MaskedWindows validation() {
    return new MaskedWindows(corpus.validation(), config.context(), VALIDATION_WINDOWS);
  }

  /** Gradients of the embedding are dense: it also reads the bytes out. */
  @Override
  public Encoder model(long seed, boolean sparse) {
    return new Encoder(config, seed, weights);
  }

  @Override
  public double baseline() {
    return new ByteFrequencies(corpus.training()).bits(validation().windows());
  }

  @Override
  public Outcome outcome(Model model, int threads) {
    Encoder encoder = (Encoder) model;
    Batch windows = validation().windows();
    int context = config.context();
    int frequent = new ByteFrequencies(corpus.training()).mostFrequent();
    long counted = 0;
    long right = 0;
    long rightByFrequency = 0;
    List<List<String>> rows = new ArrayList<>();
    for (int row = 0; row < windows.size(); row++) {
      long[] inputs = Arrays.copyOfRange(windows.inputs(), row * context, (row + 1) * context);
      long[] targets = Arrays.copyOfRange(windows.targets(), row * context, (row + 1) * context);
      int[] guesses = encoder.guesses(inputs);
      for (int i = 0; i < context; i++) {
        if (targets[i] != Batch.IGNORED) {
          counted++;
          right += guesses[i] == targets[i] ? 1 : 0;
          rightByFrequency += frequent == targets[i] ? 1 : 0;
        }
      }
      if (row % Math.max(1, windows.size() / EXAMPLES) == 0 && rows.size() < EXAMPLES) {
        rows.add(example(inputs, targets, guesses));
      }
    }
    return new Outcome(
        List.of(
            new Summary.Score(
                "accuracy, %",
                100.0 * right / counted,
                100.0 * rightByFrequency / counted,
                "guessing the most frequent byte")),
        new Examples(
            "Masked bytes",
            "Windows spread evenly over the validation text. \u25a1 is a masked byte.",
            List.of("what it sees", "what it guesses", "what was there"),
            rows,
            null));
  }

  private static List<String> example(long[] inputs, long[] targets, int[] guesses) {
    byte[] original = new byte[inputs.length];
    byte[] seen = new byte[inputs.length];
    byte[] guessed = new byte[inputs.length];
    StringBuilder shown = new StringBuilder();
    int from = 0;
    for (int i = 0; i < inputs.length; i++) {
      boolean counts = targets[i] != Batch.IGNORED;
      original[i] = (byte) (counts ? targets[i] : inputs[i]);
      guessed[i] = (byte) (counts ? guesses[i] : inputs[i]);
      seen[i] = (byte) inputs[i];
      if (inputs[i] == Masking.MASK) {
        shown.append(line(Arrays.copyOfRange(seen, from, i))).append('\u25a1');
        from = i + 1;
      }
    }
    shown.append(line(Arrays.copyOfRange(seen, from, seen.length)));
    return List.of(shown.toString(), line(guessed), line(original));
  }

  /** Returns text in one line: a table has no room for more. */
  private static String line(byte[] text) {
    return Printable.text(text).replaceAll("\\R", "\u23ce");
  }

  @Override
  public void save(Model model, Path file) {
    Map<String, String> metadata = new LinkedHashMap<>();
    metadata.put("layers", Integer.toString(config.layers()));
    metadata.put("width", Integer.toString(config.width()));
    metadata.put("heads", Integer.toString(config.heads()));
    metadata.put("context", Integer.toString(config.context()));
    WeightFile.write(file, "encoder", model, weights, metadata);
  }
}
