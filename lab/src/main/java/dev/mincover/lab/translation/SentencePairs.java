package dev.mincover.lab.translation;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mincover.lab.data.Batch;
import java.util.Comparator;
import java.util.List;

/** Pairs of sentences as symbols, short enough for a model. */
final class SentencePairs {

  private final List<Row> pairs;

  @SuppressWarnings("ArrayRecordComponent") // Compared by nobody.
  private record Row(long[] source, long[] target) {

    int length() {
      return source.length + target.length;
    }
  }

  private SentencePairs(List<Row> pairs) {
    this.pairs = pairs;
  }

  /**
   * Returns the pairs of which neither sentence has more than {@code context} bytes, in their
   * order.
   */
  static SentencePairs of(List<Pair> pairs, int context) {
    return new SentencePairs(
        pairs.stream()
            .map(pair ->
                new Row(
                    Symbols.of(pair.source().getBytes(UTF_8)),
                    Symbols.of(pair.target().getBytes(UTF_8))))
            .filter(pair -> Math.max(pair.source().length, pair.target().length) <= context + 1)
            .toList());
  }

  /** Returns the same pairs, the shortest first. */
  SentencePairs sorted() {
    return new SentencePairs(pairs.stream().sorted(Comparator.comparingInt(Row::length)).toList());
  }

  int count() {
    return pairs.size();
  }

  /** The symbols of a pair. */
  int length(int pair) {
    return pairs.get(pair).length();
  }

  /** Overwrites a row with a pair. */
  void fillRow(Batch batch, int row, int pair) {
    Row symbols = pairs.get(pair);
    batch.fillRow(row, symbols.source(), Translator.PADDING, symbols.target());
  }
}
