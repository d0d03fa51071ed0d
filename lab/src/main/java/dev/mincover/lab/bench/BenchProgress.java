package dev.mincover.lab.bench;

import dev.mincover.lab.common.Terminal;
import java.io.PrintWriter;
import me.tongfei.progressbar.ProgressBar;
import org.jspecify.annotations.Nullable;

/**
 * Shows which block is being measured: a bar on a terminal, which disappears when the block is
 * done, or a line elsewhere.
 */
public final class BenchProgress implements AutoCloseable {

  private static final int PERCENT = 100;

  private final int blocks;
  private final PrintWriter err;
  private int begun;
  private @Nullable ProgressBar bar;

  /**
   * Shows nothing yet.
   *
   * @param blocks number of blocks
   */
  public BenchProgress(int blocks, PrintWriter err) {
    this.blocks = blocks;
    this.err = err;
  }

  /** A block begins. */
  public void begins(Workload workload, int threads) {
    begun++;
    String what =
        "%d/%d  %s, %d %s"
            .formatted(
                begun, blocks, workload.name(), threads, threads == 1 ? "thread" : "threads");
    if (Terminal.isThere()) {
      bar = Terminal.bar(what, PERCENT, System.err).hideEta().clearDisplayOnFinish().build();
    } else {
      err.println(what);
      err.flush();
    }
  }

  /** A share of the block is done, from 0 to 1. */
  public void at(double share) {
    ProgressBar bar = this.bar;
    if (bar != null) {
      bar.stepTo((long) (PERCENT * share));
    }
  }

  /** A block is done. Its bar disappears. */
  public void ends() {
    ProgressBar bar = this.bar;
    if (bar != null) {
      bar.close();
      this.bar = null;
    }
  }

  @Override
  public void close() {
    ends();
  }
}
