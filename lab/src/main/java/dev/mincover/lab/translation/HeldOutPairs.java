package dev.mincover.lab.translation;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Validation;

/**
 * The pairs that a translator is judged by.
 *
 * @param pairs sorted by length, so that little is padding
 */
record HeldOutPairs(SentencePairs pairs) implements Validation {

  @Override
  public int count() {
    return pairs.count();
  }

  @Override
  public int fill(int first, Batch batch) {
    int rows = Math.min(batch.size(), count() - first);
    for (int row = 0; row < rows; row++) {
      pairs.fillRow(batch, row, first + row);
    }
    return rows;
  }
}
