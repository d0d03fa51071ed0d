package dev.mincover.internal;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A team of threads that shares numbered jobs; the caller is one of them. Made for hand-overs of a
 * few microseconds many times a second: a waiting thread spins a little before it sleeps, and
 * nothing is allocated. One caller at a time.
 */
final class Workers implements AutoCloseable {

  /** One numbered job. */
  @FunctionalInterface
  interface Job {
    /**
     * Runs job {@code index}.
     *
     * @param worker who runs it, from 0 (the caller) to threads - 1
     */
    void run(int index, int worker);
  }

  private static final int SPINS = 2_000;

  private final Thread[] helpers;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicInteger busy = new AtomicInteger();

  // Written by the caller before `round`, read by helpers after it.
  private @Nullable Job job;
  private int count;
  private @Nullable Thread caller;
  private final AtomicInteger round = new AtomicInteger();
  private volatile boolean closed;
  private volatile @Nullable Throwable failure;

  /** A team of {@code threads} in all; its helpers are daemons. */
  Workers(int threads) {
    helpers = new Thread[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      int worker = i + 1;
      helpers[i] =
          Thread.ofPlatform().daemon().name("mincover-" + worker).unstarted(() -> help(worker));
    }
    for (Thread helper : helpers) {
      helper.start();
    }
  }

  /** Runs jobs 0 to {@code count} - 1, in any order, and returns when all are done. */
  void run(int count, Job job) {
    if (helpers.length == 0 || count <= 1) {
      for (int i = 0; i < count; i++) {
        job.run(i, 0);
      }
      return;
    }
    this.job = job;
    this.count = count;
    caller = Thread.currentThread();
    next.set(0);
    busy.set(helpers.length);
    round.incrementAndGet(); // Publishes the fields above.
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
    work(job, count, 0);
    for (int spins = 0; busy.get() > 0; spins++) {
      pause(spins);
    }
    this.job = null;
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw new IllegalStateException("a worker thread failed: " + thrown, thrown);
    }
  }

  private void work(Job job, int count, int worker) {
    try {
      for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
        job.run(i, worker);
      }
    } catch (Throwable thrown) {
      failure = thrown;
    }
  }

  private void help(int worker) {
    int seen = 0;
    while (true) {
      for (int spins = 0; round.get() == seen && !closed; spins++) {
        pause(spins);
      }
      if (closed) {
        return;
      }
      seen++;
      Job job = this.job;
      if (job != null) {
        work(job, count, worker);
      }
      if (busy.decrementAndGet() == 0) {
        LockSupport.unpark(caller);
      }
    }
  }

  private void pause(int spins) {
    if (spins < SPINS) {
      Thread.onSpinWait();
    } else {
      LockSupport.park(this);
    }
  }

  @Override
  public void close() {
    closed = true;
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
    boolean interrupted = false;
    for (Thread helper : helpers) {
      while (helper.isAlive()) {
        try {
          helper.join();
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
