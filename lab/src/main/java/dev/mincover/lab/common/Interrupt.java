package dev.mincover.lab.common;

import java.time.Duration;

/**
 * Turns Ctrl-C into a request. The work in progress sees the request between two steps, saves its
 * results and returns. Only then does the JVM end.
 *
 * <p>A process that works for another one is also asked to end when that one is gone, however it
 * ended.
 */
public final class Interrupt implements AutoCloseable {

  /** The environment variable with the number of the process that this one works for. */
  public static final String EMPLOYER = "MINCOVER_EMPLOYER";

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
    String employer = System.getenv(EMPLOYER);
    if (employer != null) {
      Thread.ofVirtual()
          .start(() -> {
            ProcessHandle.of(Long.parseLong(employer))
                .ifPresent(process -> process.onExit().join());
            requested = true;
          });
    }
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
