package dev.mincover.lab.mlm;

import dev.mincover.lab.common.Seed;
import dev.mincover.lab.data.Batch;
import dev.mincover.lab.data.Samples;
import java.util.random.RandomGenerator;

/** Training batches: windows at uniformly random offsets of a text, masked anew each time. */
final class MaskedBatches implements Samples {

  private final byte[] text;
  private final int context;
  private final RandomGenerator random;
  private final Masking masking;

  /**
   * @param text at least {@code context} bytes; not copied
   */
  MaskedBatches(byte[] text, int context, long seed) {
    this.text = text;
    this.context = context;
    random = Seed.generator(seed);
    masking = new Masking(random, context);
  }

  @Override
  public long fill(Batch batch) {
    for (int row = 0; row < batch.size(); row++) {
      masking.fillRow(batch, row, text, random.nextInt(text.length - context + 1));
    }
    return batch.inputs().length;
  }
}
