package dev.mincover.lab.image;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Passes;
import dev.mincover.lab.data.Samples;

/** Training batches of pictures, drawn one by one, in passes over all of them in random orders. */
final class DigitBatches implements Samples {

  private final Digits.Pictures pictures;
  private final Passes passes;
  private final long[] pixels = new long[Digits.PIXELS];

  DigitBatches(Digits.Pictures pictures, long seed) {
    this.pictures = pictures;
    passes = new Passes(pictures.count(), Seed.generator(seed));
  }

  @Override
  public long fill(Batch batch) {
    for (int row = 0; row < batch.size(); row++) {
      int picture = passes.next();
      pictures.copy(picture, pixels);
      batch.fillRow(row, pixels, 0, new long[] {pictures.labels()[picture]});
    }
    return batch.size();
  }

  @Override
  public long skip(long batches, Batch batch) {
    long skipped = batches * batch.size();
    for (long i = 0; i < skipped; i++) {
      passes.next();
    }
    return skipped;
  }
}
