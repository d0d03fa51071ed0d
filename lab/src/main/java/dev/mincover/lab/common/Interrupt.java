package dev.mincover.lab.common;

import java.time.Duration;

/**
 * Turns Ctrl-C into a request. The work in progress sees the request between two steps, saves its
 * results and returns. Only then does the JVM end.
 */
public final class Interrupt implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static volatile boolean requested;

  private final Thread hook;

  /**
   * Makes a signal wait until the calling thread has finished, from now on until {@link #close}.
   */
  public Interrupt() {
    Thread worker = Thread.currentThread();
    hook =
        new Thread(() -> {
          requested = true;
          try {
            worker.join(PATIENCE);
          } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
          }
        });
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Whether the process has been asked to end. */
  public static boolean isRequested() {
    return requested;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The hook is already running. It only waits for the end of this thread.
    }
  }
}
