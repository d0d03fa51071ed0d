package dev.mincover.lab.common;

import java.time.Duration;

/**
 * Ctrl-C as a request: work in progress sees it between two steps, saves what there is and returns,
 * and only then does the JVM end.
 */
public final class Interrupt implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static volatile boolean requested;

  private final Thread hook;

  /** From now on until {@link #close}, a signal waits for the calling thread to finish. */
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

  /** Whether the process has been told to end. */
  public static boolean isRequested() {
    return requested;
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // The hook is running already, and waits for nothing but the end of this thread.
    }
  }
}
