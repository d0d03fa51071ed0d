package dev.mincover.lab.bench;

/** An optimizer that is bound to buffers and can be timed. */
public interface Stepper extends AutoCloseable {

  /** Takes one step. */
  void step();

  /** Bytes that it keeps from step to step. */
  long stateBytes();

  @Override
  void close();
}
