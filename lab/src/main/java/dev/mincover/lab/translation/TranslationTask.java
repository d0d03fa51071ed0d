package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.Names;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.BigramModel;
import dev.mincover.lab.model.Model;
import dev.mincover.lab.model.WeightType;
import dev.mincover.lab.run.Examples;
import dev.mincover.lab.run.Summary;
import dev.mincover.lab.run.TaskKind;
import dev.mincover.lab.task.Outcome;
import dev.mincover.lab.task.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An encoder-decoder of some size learns to translate.
 *
 * @param config size of the model
 * @param weights type of the model's weights
 * @param batch pairs per step
 * @param text the data
 * @param training the pairs of it that fit the context
 * @param heldOut its validation pairs that fit the context
 */
record TranslationTask(
    TranslatorConfig config,
    WeightType weights,
    int batch,
    ParallelText text,
    SentencePairs training,
    List<Pair> heldOut)
    implements Task {

  private static final int MOST_VALIDATION_PAIRS = 512;
  private static final int MOST_TRANSLATED = 256;
  private static final int BEAMS = 4;
  private static final int EXAMPLES = 16;

  /** Chooses the pairs that fit the context. */
  static TranslationTask of(
      TranslatorConfig config, WeightType weights, int batch, ParallelText text) {
    List<Pair> fitting =
        text.validation().stream()
            .filter(
                pair -> Math.max(length(pair.source()), length(pair.target())) <= config.context())
            .toList();
    SentencePairs training = SentencePairs.of(text.training(), config.context());
    return new TranslationTask(config, weights, batch, text, training, fitting);
  }

  @Override
  public TaskKind kind() {
    return TaskKind.TRANSLATION;
  }

  @Override
  public String data() {
    return "%s; of at most %d bytes %,d and %,d"
        .formatted(
            text.description(),
            config.context(),
            training.count(),
            judged(MOST_VALIDATION_PAIRS).size());
  }

  @Override
  public String digest() {
    return text.digest();
  }

  @Override
  public String description() {
    return "encoder-decoder of bytes: %d layers each, width %d, %d heads, context %d; %,d weights in %s"
        .formatted(
            config.layers(),
            config.width(),
            config.heads(),
            config.context(),
            config.parameterCount(),
            Names.of(weights));
  }

  @Override
  public Summary.Model size() {
    return new Summary.Model(
        config.layers(), config.width(), config.heads(), config.context(), null, Names.of(weights));
  }

  @Override
  public String step() {
    return "%d pairs of sentences".formatted(batch);
  }

  @Override
  public Batch buffers() {
    return new Batch(batch, config.length(), config.length());
  }

  @Override
  public PairBatches samples(long seed) {
    return new PairBatches(training, seed);
  }

  @Override
  public HeldOutPairs validation() {
    return new HeldOutPairs(
        SentencePairs.of(judged(MOST_VALIDATION_PAIRS), config.context()).sorted());
  }

  /** Returns held-out pairs that are spread evenly over all of them. */
  private List<Pair> judged(int atMost) {
    int count = Math.min(atMost, heldOut.size());
    List<Pair> chosen = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      chosen.add(heldOut.get((int) ((long) heldOut.size() * i / count)));
    }
    return chosen;
  }

  private static int length(String sentence) {
    return sentence.getBytes(UTF_8).length;
  }

  @Override
  public Translator model(long seed, boolean sparse) {
    return new Translator(config, seed, weights);
  }

  /** A line end is the end of a sentence here. */
  @Override
  public double baseline() {
    return new BigramModel(targets(text.training()))
        .bitsPerByte(targets(judged(MOST_VALIDATION_PAIRS)));
  }

  private static byte[] targets(List<Pair> pairs) {
    return pairs.stream()
        .map(Pair::target)
        .collect(Collectors.joining("\n", "\n", "\n"))
        .getBytes(UTF_8);
  }

  @Override
  public Outcome outcome(Model model, int threads) {
    List<Pair> pairs = new ArrayList<>(judged(MOST_TRANSLATED));
    pairs.sort(Comparator.comparingInt(pair -> length(pair.source())));
    List<String> sources = pairs.stream().map(Pair::source).toList();
    List<String> references = pairs.stream().map(Pair::target).toList();
    List<String> best = Translations.of((Translator) model, BEAMS, sources, threads);
    List<String> greedy = Translations.of((Translator) model, 1, sources, threads);
    double copied = Bleu.of(sources, references);
    List<List<String>> rows = new ArrayList<>();
    for (int i = 0; i < Math.min(EXAMPLES, pairs.size()); i++) {
      int pair = (int) ((long) pairs.size() * i / Math.min(EXAMPLES, pairs.size()));
      rows.add(List.of(sources.get(pair), best.get(pair), references.get(pair)));
    }
    String copying = "copying the source";
    return new Outcome(
        List.of(
            new Summary.Score("BLEU", Bleu.of(best, references), copied, copying),
            new Summary.Score("greedy BLEU", Bleu.of(greedy, references), copied, copying)),
        new Examples(
            "Translations",
            "Held-out sentences from the shortest to the longest of the %,d by which BLEU is measured, translated with beams of %d."
                .formatted(pairs.size(), BEAMS),
            List.of("source", "translation", "reference"),
            rows,
            null));
  }

  @Override
  public void save(Model model, Path file) {
    ((Translator) model).save(file);
  }
}
