package dev.mincover;

/** Averaged weights in the place of the trained ones; closing brings those back. */
public interface AverageSwap extends AutoCloseable {
  /**
   * Brings the trained weights back; closing again does nothing.
   *
   * @throws IllegalStateException if the memory of weights was freed or is confined to another
   *     thread; nothing has changed then, and it can be tried again
   */
  @Override
  void close();
}
