package dev.mincover.internal.thread;

import static java.util.Objects.requireNonNull;

import dev.mincover.internal.storage.NativeMemory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A team of threads that shares numbered jobs, and the working memory of each. The caller is one of
 * them. It is made for hand-overs of a few microseconds many times a second: a waiting thread spins
 * a little before it sleeps, a thread that is late is not waited for, and nothing is allocated. One
 * caller at a time.
 */
public final class WorkerTeam implements AutoCloseable {

  /** One numbered job. */
  @FunctionalInterface
  public interface Job {
    /**
     * Runs job {@code index}.
     *
     * @param worker who runs it, from 0 (the caller) to threads - 1
     */
    void run(int index, int worker);
  }

  private static final int SPINS = 2_000;

  private final Thread[] helpers;
  private final ThreadScratch[] scratch;

  /**
   * A round in the upper half, and how many of its jobs are left to claim in the lower. A job is
   * claimed by taking 1 off, so that whoever wakes up too late for a round claims nothing of
   * another by mistake, and nobody needs to wait for it.
   */
  private final AtomicLong ticket = new AtomicLong();

  private final AtomicInteger unfinished = new AtomicInteger();

  // Written by the caller before it opens a round; read by who has claimed a job of that round.
  private volatile @Nullable Job job;
  private volatile @Nullable Thread caller;
  private volatile @Nullable Throwable failure;
  private volatile boolean closed;

  /**
   * A team of {@code threads} in all; its helpers are daemons.
   *
   * @param memory where the threads' scratch memory is taken from; nothing is taken yet
   */
  public WorkerTeam(int threads, NativeMemory memory) {
    scratch = new ThreadScratch[threads];
    for (int i = 0; i < threads; i++) {
      scratch[i] = new ThreadScratch(memory);
    }
    helpers = new Thread[threads - 1];
    for (int i = 0; i < helpers.length; i++) {
      int worker = i + 1;
      helpers[i] =
          Thread.ofPlatform().daemon().name("mincover-" + worker).unstarted(() -> help(worker));
    }
    try {
      for (Thread helper : helpers) {
        helper.start();
      }
    } catch (Error noMoreThreads) {
      close();
      throw noMoreThreads;
    }
  }

  /**
   * Runs jobs {@code count} - 1 to 0, begun in that order, and returns when all are done.
   *
   * @throws IllegalStateException if a job failed on a shared round; the other jobs have run all
   *     the same. Without helpers, or for a single job, the failure itself ends the round.
   */
  public void run(int count, Job job) {
    if (helpers.length == 0 || count <= 1) {
      for (int i = count - 1; i >= 0; i--) {
        job.run(i, 0);
      }
      return;
    }
    this.job = job;
    caller = Thread.currentThread();
    unfinished.set(count);
    long round = (ticket.get() >>> 32) + 1;
    ticket.set(round << 32 | count);
    for (Thread helper : helpers) {
      LockSupport.unpark(helper);
    }
    work(round, 0);
    for (int spins = 0; unfinished.get() > 0; spins++) {
      pause(spins);
    }
    Throwable thrown = failure;
    if (thrown != null) {
      failure = null;
      throw new IllegalStateException("a worker thread failed: " + thrown, thrown);
    }
  }

  /** How many threads there are. */
  public int threads() {
    return scratch.length;
  }

  /** The working memory of one of them. */
  public ThreadScratch scratch(int worker) {
    return scratch[worker];
  }

  /** Makes room for the maxima of any part in the scratch memory of each thread. */
  public void ensureMaxima(long floats) {
    for (ThreadScratch each : scratch) {
      each.maxima.ensure(floats);
    }
  }

  /** Makes room for decoded operands in the scratch memory of each thread. */
  public void ensureTiles() {
    for (ThreadScratch each : scratch) {
      each.ensureTiles();
    }
  }

  /** Lets go of the memory that kernels were given. */
  public void clearOperands() {
    for (ThreadScratch each : scratch) {
      each.operands.clear();
    }
  }

  /** Runs what is left of a round. */
  private void work(long round, int worker) {
    while (true) {
      long now = ticket.get();
      int left = (int) now;
      if (now >>> 32 != round || left == 0) {
        return;
      }
      if (ticket.compareAndSet(now, now - 1)) {
        try {
          requireNonNull(job).run(left - 1, worker);
        } catch (Throwable thrown) {
          failure = thrown;
        }
        if (unfinished.decrementAndGet() == 0) {
          LockSupport.unpark(caller);
        }
      }
    }
  }

  private void help(int worker) {
    long seen = 0;
    while (!closed) {
      for (int spins = 0; ticket.get() >>> 32 == seen && !closed; spins++) {
        pause(spins);
      }
      seen = ticket.get() >>> 32;
      work(seen, worker);
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
    for (ThreadScratch each : scratch) {
      each.close();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
