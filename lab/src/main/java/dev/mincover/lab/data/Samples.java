package dev.mincover.lab.data;

/**
 * Training batches without end, in an order that a seed decides. Equal data, seeds and sequences of
 * batch shapes give equal batches.
 */
public interface Samples {

  /**
   * Overwrites the whole batch with the next samples.
   *
   * @return the tokens in it: the bytes, or the pictures, that the model reads
   * @throws IllegalArgumentException if the batch has another shape than the samples
   */
  long fill(Batch batch);

  /**
   * Draws batches and drops them: what comes next is what would come after them.
   *
   * @param batches how many
   * @param batch their shape; what it holds afterwards is undefined
   * @return the tokens in them
   */
  default long skip(long batches, Batch batch) {
    long tokens = 0;
    for (long i = 0; i < batches; i++) {
      tokens += fill(batch);
    }
    return tokens;
  }
}
