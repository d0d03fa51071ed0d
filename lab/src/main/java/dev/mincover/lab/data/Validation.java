package dev.mincover.lab.data;

/** Samples that were not trained on, to judge a model by: always the same ones. */
public interface Validation {

  /** Number of samples, at least 1. */
  int count();

  /**
   * Overwrites the first rows of the batch with samples {@code first, first + 1, ...}, as many as
   * there are.
   *
   * @param first from 0, less than {@link #count}
   * @return the rows written, from 1 to {@code batch.size()}; the rows after them are as they were
   * @throws IllegalArgumentException if the batch has another shape than the samples
   * @throws IndexOutOfBoundsException if there is no sample {@code first}
   */
  int fill(int first, Batch batch);
}
