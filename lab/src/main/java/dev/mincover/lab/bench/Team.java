package dev.mincover.lab.bench;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A caller and its helper threads, which run the same job at the same time. After a job a helper
 * spins for some microseconds, then it sleeps. There must be one caller at a time, and jobs must
 * not fail.
 */
final class Team implements AutoCloseable {

  private static final int SPINS = 2_000;

  private final Thread[] helpers;
  private final AtomicInteger round = new AtomicInteger();
  private final AtomicInteger working = new AtomicInteger();

  // The job is written before its round begins.
  private @Nullable IntConsumer job;
  private volatile @Nullable Thread caller;
  private volatile boolean closed;

  /** Makes a team with {@code threads} threads in all. The helpers are daemons. */
  Team(int threads) {
    helpers = new Thread[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      int worker = i + 1;
      helpers[i] = Thread.ofPlatform().daemon().name("sgd-" + worker).start(() -> help(worker));
    }
  }

  /**
   * Runs the job once on every thread, and returns when all have finished.
   *
   * @param job gets the number of its thread, from 0 (the caller) to threads - 1
   */
  void run(IntConsumer job) {
    this.job = job;
    caller = Thread.currentThread();
    working.set(helpers.length);
    round.incrementAndGet();
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
    job.accept(0);
    for (int spins = 0; working.get() > 0; spins++) {
      pause(spins);
    }
  }

  private void help(int worker) {
    int done = 0;
    while (!closed) {
      for (int spins = 0; round.get() == done && !closed; spins++) {
        pause(spins);
      }
      if (round.get() != done) {
        done++;
        IntConsumer job = this.job;
        if (job != null) {
          job.accept(worker);
        }
        if (working.decrementAndGet() == 0) {
          LockSupport.unpark(caller);
        }
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
  }
}
