package dev.mincover.lab.image;

import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Validation;

/** The pictures that a classifier is judged by. */
record HeldOutDigits(Digits.Pictures pictures) implements Validation {

  @Override
  public int count() {
    return pictures.count();
  }

  @Override
  public int fill(int first, Batch batch) {
    int rows = Math.min(batch.size(), count() - first);
    long[] pixels = new long[Digits.PIXELS];
    for (int row = 0; row < rows; row++) {
      pictures.copy(first + row, pixels);
      batch.fillRow(row, pixels, 0, new long[] {pictures.labels()[first + row]});
    }
    return rows;
  }
}
