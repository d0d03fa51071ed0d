package dev.mincover.lab.translation;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Passes;
import dev.mincover.lab.data.Samples;
import java.util.Arrays;
import java.util.Comparator;
import java.util.random.RandomGenerator;

/**
 * Training batches of pairs of similar lengths, so that little of a batch is padding. Pairs are
 * drawn in passes over all of them in random orders; those of some batches are sorted by length,
 * and the batches that they make come in a random order.
 */
final class PairBatches implements Samples {

  private static final int BATCHES = 16;

  private final SentencePairs pairs;
  private final RandomGenerator random;
  private final Passes passes;

  /** Pairs of the next batches, and the order of these. */
  private int[] drawn = new int[0];

  private final int[] order = new int[BATCHES];
  private int next = BATCHES;

  PairBatches(SentencePairs pairs, long seed) {
    this.pairs = pairs;
    random = Seed.generator(seed);
    passes = new Passes(pairs.count(), random);
  }

  /** All batches must be of one size. */
  @Override
  public long fill(Batch batch) {
    int size = batch.size();
    if (next == BATCHES) {
      draw(size);
    }
    int from = order[next++] * size;
    long tokens = 0;
    for (int row = 0; row < size; row++) {
      pairs.fillRow(batch, row, drawn[from + row]);
      tokens += pairs.length(drawn[from + row]);
    }
    return tokens;
  }

  private void draw(int size) {
    drawn = new int[BATCHES * size];
    Arrays.setAll(drawn, _ -> passes.next());
    drawn =
        Arrays.stream(drawn)
            .boxed()
            .sorted(Comparator.comparingInt(pairs::length))
            .mapToInt(Integer::intValue)
            .toArray();
    Arrays.setAll(order, i -> i);
    Passes.shuffle(order, random);
    next = 0;
  }
}
