package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.common.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * Translates sentences: at each place, only the most probable beginnings go on; those that reach
 * the end are compared by their log-probability over the length penalty of Wu et al. [1], with
 * alpha 0.6. With one beginning this is greedy decoding.
 *
 * <p>[1] Wu et al., Google's neural machine translation system, 2016, section 7.
 */
final class BeamSearch {

  private static final double ALPHA = 0.6;

  private final Translator model;
  private final int beams;

  /**
   * @param beams beginnings that are kept, at least 1
   */
  BeamSearch(Translator model, int beams) {
    this.model = model;
    this.beams = beams;
  }

  /**
   * A translation, or its beginning.
   *
   * @param bytes without the end
   * @param logProbability natural logarithm
   * @param parent row of the beginning that it goes on from
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
  private record Hypothesis(byte[] bytes, double logProbability, int parent) {

    /** The symbol before the next place. */
    long last() {
      return bytes.length == 0 ? Translator.START : Byte.toUnsignedLong(bytes[bytes.length - 1]);
    }

    /** The figure by which translations are compared, of whatever length. */
    double score() {
      return logProbability / penalty(bytes.length + 1);
    }

    Hypothesis then(int symbol, double logProbability, int row) {
      byte[] longer = bytes;
      if (symbol != Translator.END) {
        longer = Arrays.copyOf(bytes, bytes.length + 1);
        longer[bytes.length] = (byte) symbol;
      }
      return new Hypothesis(longer, logProbability, row);
    }
  }

  private static double penalty(int length) {
    return Math.pow((5.0 + length) / 6, ALPHA);
  }

  /** A way to go on from a beginning. */
  private record Candidate(int beginning, int symbol, double logProbability) {}

  /** The search for the translation of one sentence. */
  private final class Search {
    private List<Hypothesis> open = List.of(new Hypothesis(new byte[0], 0, 0));
    private final List<Hypothesis> whole = new ArrayList<>();

    /**
     * Goes on by a symbol.
     *
     * @param logProbabilities of all symbols, row by row
     * @param firstRow of this sentence's beginnings
     * @param isLast whether nothing but the end can follow
     */
    void extend(float[] logProbabilities, int firstRow, boolean isLast) {
      List<Candidate> candidates = new ArrayList<>();
      for (int i = 0; i < open.size(); i++) {
        int from = (firstRow + i) * Translator.READ_OUT;
        double before = open.get(i).logProbability();
        for (int symbol = isLast ? Translator.END : 0; symbol < Translator.READ_OUT; symbol++) {
          candidates.add(new Candidate(i, symbol, before + logProbabilities[from + symbol]));
        }
      }
      candidates.sort(Comparator.comparingDouble(candidate -> -candidate.logProbability()));
      List<Hypothesis> longer = new ArrayList<>();
      for (Candidate next : candidates.subList(0, Math.min(beams, candidates.size()))) {
        int row = firstRow + next.beginning();
        boolean ends = next.symbol() == Translator.END;
        (ends ? whole : longer)
            .add(open.get(next.beginning()).then(next.symbol(), next.logProbability(), row));
      }
      open = isLast || cannotImprove(longer) ? List.of() : longer;
    }

    /** Whether no beginning can become better than what is found, however long it gets. */
    private boolean cannotImprove(List<Hypothesis> longer) {
      if (longer.isEmpty() || whole.isEmpty()) {
        return false;
      }
      double hope = longer.getFirst().logProbability() / penalty(model.config().length());
      return hope <= best().score();
    }

    private Hypothesis best() {
      return whole.stream().max(Comparator.comparingDouble(Hypothesis::score)).orElseThrow();
    }

    String translation() {
      return new String(best().bytes(), UTF_8);
    }
  }

  /**
   * Translates sentences side by side. Faster for sentences of similar lengths.
   *
   * @param sentences each of at most as many bytes as the model's context
   * @return in the same order; UTF-8, with a replacement character for what is not
   * @throws UserError if the model's weights are not finite
   */
  List<String> translate(List<String> sentences) {
    List<Search> searches = new ArrayList<>();
    sentences.forEach(_ -> searches.add(new Search()));
    List<DecoderBlock.Memory> memories = model.memories();
    try (var _ = new PointerScope();
        var _ = new NoGradGuard()) {
      Translator.Sentences read = model.read(sources(sentences));
      for (int place = 0; isOpen(searches); place++) {
        try (var _ = new PointerScope()) {
          goOn(searches, place, read, memories);
        }
      }
    } finally {
      memories.forEach(DecoderBlock.Memory::close);
    }
    return searches.stream().map(Search::translation).toList();
  }

  private static boolean isOpen(List<Search> searches) {
    return searches.stream().anyMatch(search -> !search.open.isEmpty());
  }

  /** Goes on by a place; each open beginning is a row of the tensors. */
  private void goOn(
      List<Search> searches,
      int place,
      Translator.Sentences read,
      List<DecoderBlock.Memory> memories) {
    List<Integer> sentenceOfRow = new ArrayList<>();
    List<Hypothesis> rows = new ArrayList<>();
    for (int i = 0; i < searches.size(); i++) {
      for (Hypothesis hypothesis : searches.get(i).open) {
        sentenceOfRow.add(i);
        rows.add(hypothesis);
      }
    }
    if (place > 0) {
      Tensor parents = numbers(rows.stream().mapToLong(Hypothesis::parent).toArray());
      memories.forEach(memory -> memory.select(parents));
    }
    Translator.Sentences ofRows =
        read.select(numbers(sentenceOfRow.stream().mapToLong(Integer::longValue).toArray()));
    long[] last = rows.stream().mapToLong(Hypothesis::last).toArray();
    float[] logProbabilities = logProbabilities(last, place, ofRows, memories);
    int row = 0;
    for (Search search : searches) {
      int count = search.open.size();
      if (count > 0) {
        search.extend(logProbabilities, row, place == model.config().context());
      }
      row += count;
    }
  }

  private float[] logProbabilities(
      long[] last, int place, Translator.Sentences sentences, List<DecoderBlock.Memory> memories) {
    Tensor symbols = Tensor.create(last, last.length, 1);
    Tensor values = model.next(symbols, place, sentences, memories).log_softmax(1).contiguous();
    float[] all = new float[last.length * Translator.READ_OUT];
    values.data_ptr_float().get(all);
    for (float value : all) {
      if (Float.isNaN(value)) {
        throw new UserError(
            "the model's weights are not finite; train another, with a smaller --learning-rate");
      }
    }
    return all;
  }

  private static Tensor numbers(long[] values) {
    return Tensor.create(values, values.length);
  }

  private static Tensor sources(List<String> sentences) {
    List<byte[]> bytes = sentences.stream().map(sentence -> sentence.getBytes(UTF_8)).toList();
    int longest = bytes.stream().mapToInt(sentence -> sentence.length).max().orElse(0);
    long[] symbols = new long[bytes.size() * (longest + 1)];
    Arrays.fill(symbols, Translator.PADDING);
    for (int row = 0; row < bytes.size(); row++) {
      long[] sentence = Symbols.of(bytes.get(row));
      System.arraycopy(sentence, 0, symbols, row * (longest + 1), sentence.length);
    }
    return Tensor.create(symbols, bytes.size(), longest + 1);
  }
}
